import { setTimeout as pause } from 'node:timers/promises';
import { processesOfCluster } from '../../src/platform/embedded-postgres/postmaster-file.ts';
import type { ChaosStack } from './chaos-stack.ts';
import {
  chatModel,
  embeddingModel,
  killEverything,
  killRole,
  killSupervisor,
  killWorker,
} from './hurt-stack.ts';

export interface Hurt {
  readonly name: string;
  /** An api process goes with it. */
  readonly apiToo: boolean;
  hurt(stack: ChaosStack): void | Promise<void>;
}

const hurts: Readonly<Record<string, Omit<Hurt, 'name'>>> = {
  chat: { apiToo: false, hurt: (stack) => killWorkerIfLoaded(stack, chatModel) },
  embedding: {
    apiToo: false,
    hurt: (stack) => killWorkerIfLoaded(stack, embeddingModel),
  },
  engine: { apiToo: false, hurt: (stack) => killRoleIfUp(stack, 'engine') },
  api: { apiToo: true, hurt: (stack) => killRoleIfUp(stack, 'api') },
  worker: { apiToo: false, hurt: (stack) => killRoleIfUp(stack, 'worker') },
  postgres: { apiToo: false, hurt: (stack) => killRoleIfUp(stack, 'postgres') },
  'hung postgres': { apiToo: false, hurt: hangPostgres },
  supervisor: { apiToo: true, hurt: killSupervisor },
  everything: { apiToo: true, hurt: killEverything },
};

/** One of everything that can be hurt. */
export function randomHurt(random: () => number): Hurt {
  const all = Object.entries(hurts);
  const [name, hurt] = all[Math.floor(random() * all.length)] ?? [
    'nothing',
    { apiToo: false, hurt: () => {} },
  ];
  return { name, ...hurt };
}

/** Under random kills a process may be between two lives. */
function killWorkerIfLoaded(stack: ChaosStack, modelName: string): void {
  if (stack.modelWorker(modelName)) killWorker(stack, modelName);
}

function killRoleIfUp(stack: ChaosStack, role: string): void {
  if (
    stack
      .run()
      .record()
      .children.some((child) => child.role === role)
  )
    killRole(stack, role);
}

async function hangPostgres(stack: ChaosStack): Promise<void> {
  const hung = processesOfCluster(stack.data.postgres);
  for (const pid of hung) process.kill(pid, 'SIGSTOP');
  await pause(5_000);
  for (const pid of hung) process.kill(pid, 'SIGCONT');
}

/** Mulberry32, so that a failure can be repeated. */
export function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
