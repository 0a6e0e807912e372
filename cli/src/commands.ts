import type { Command } from 'commander';

export interface CommandEntry {
  readonly name: string;
  /** One line for `samovar help`. */
  readonly summary: string;
  readonly group: 'run' | 'use' | 'manage' | 'develop';
  /** Loads the command's file; only the command that is run is loaded. */
  load(): Promise<{ define(command: Command): void }>;
}

/** Every command. Adding one is a line here and a file in `commands/` that exports `define(command)`. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'up',
    group: 'run',
    summary: 'start Samovar, and say when it is ready',
    load: () => import('./commands/up.ts'),
  },
  {
    name: 'down',
    group: 'run',
    summary: 'stop it: running answers may end first',
    load: () => import('./commands/down.ts'),
  },
  {
    name: 'status',
    group: 'run',
    summary: 'what runs, since when, and how it is',
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'logs',
    group: 'run',
    summary: 'show the logs of its processes',
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'doctor',
    group: 'run',
    summary: 'check this machine, and say what to do',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'ask',
    group: 'use',
    summary: 'ask a model once; reads standard input too',
    load: () => import('./commands/ask.ts'),
  },
  {
    name: 'chat',
    group: 'use',
    summary: 'talk with a model in the terminal',
    load: () => import('./commands/chat.ts'),
  },
  {
    name: 'classify',
    group: 'use',
    summary: 'tell which of some labels fits a text, and how well',
    load: () => import('./commands/classify.ts'),
  },
  {
    name: 'models',
    group: 'use',
    summary: 'what answers and in which state; fetch, load, unload',
    load: () => import('./commands/models.ts'),
  },
  {
    name: 'deployments',
    group: 'use',
    summary: 'what is in memory and why; set it, follow it, read its logs',
    load: () => import('./commands/deployments.ts'),
  },
  {
    name: 'aliases',
    group: 'use',
    summary: 'names that stand for models: move them, roll back, run canaries',
    load: () => import('./commands/aliases.ts'),
  },
  {
    name: 'operations',
    group: 'use',
    summary: 'asynchronous requests: list, show, wait, cancel',
    load: () => import('./commands/operations.ts'),
  },
  {
    name: 'engines',
    group: 'manage',
    summary: 'the engines of this machine: list, build, use a GPU',
    load: () => import('./commands/engines.ts'),
  },
  {
    name: 'remotes',
    group: 'manage',
    summary: 'engines that run elsewhere: connect vLLM and others',
    load: () => import('./commands/remotes.ts'),
  },
  {
    name: 'keys',
    group: 'manage',
    summary: 'create, list and revoke API keys',
    load: () => import('./commands/keys.ts'),
  },
  {
    name: 'usage',
    group: 'manage',
    summary: 'requests and tokens by day, model, key or endpoint',
    load: () => import('./commands/usage.ts'),
  },
  {
    name: 'config',
    group: 'manage',
    summary: 'every setting with its source',
    load: () => import('./commands/config.ts'),
  },
  {
    name: 'test',
    group: 'develop',
    summary: 'run the tests: what CI runs, a group, or a file',
    load: () => import('./commands/test.ts'),
  },
  {
    name: 'bench',
    group: 'develop',
    summary: 'measure against a peer, as ratios',
    load: () => import('./commands/bench.ts'),
  },
  {
    name: 'docs',
    group: 'develop',
    summary: 'write docs/reference anew from the code',
    load: () => import('./commands/docs.ts'),
  },
  {
    name: 'protocol',
    group: 'develop',
    summary: 'make the code of the protobuf messages anew from contract/proto',
    load: () => import('./commands/protocol.ts'),
  },
  {
    name: 'format',
    group: 'develop',
    summary: 'format the code and fix what can be fixed',
    load: () => import('./commands/format.ts'),
  },
];
