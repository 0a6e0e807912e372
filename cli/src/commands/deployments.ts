import { type Command, InvalidArgumentError, Option } from 'commander';
import { CommandError } from '../command-error.ts';
import type { DeploymentAnswer } from '../console-answers.ts';
import { showDeployment, showDeployments, stateOf } from '../deployments/show-deployment.ts';
import { writtenLine } from '../deployments/written-line.ts';
import { printJson } from '../output/print-json.ts';
import { printLine } from '../output/print-line.ts';
import { printThatMoreFollow } from '../output/print-that-more-follow.ts';
import { positiveCount } from '../parse-option.ts';
import type { PageAnswer } from '../read-pages.ts';
import { addServerOptions, clientFor, type Options } from '../server-options.ts';

/** `samovar deployments [list|show|set|create|delete|events|logs]`. */
export function define(command: Command): void {
  defineList(
    command
      .command('list', { isDefault: true })
      .description('list versions on compute with their state, and why they are in it'),
  );
  defineShow(command.command('show').description('show one whole, with what its loads took'));
  defineSet(command.command('set').description('say how it stays in memory, and how its worker is started'));
  defineCreate(command.command('create').description('deploy a version again that was taken off'));
  defineDelete(command.command('delete').description('take a version off the machines'));
  defineEvents(command.command('events').description('tell what happened to it, and why'));
  defineLogs(command.command('logs').description('show what its workers wrote'));
}

interface JsonOptions extends Options {
  readonly json?: boolean;
}

const named = 'its id, the name of its model, or an alias that means one version';

function pathOf(name: string): string {
  return `/api/deployments/${encodeURIComponent(name)}`;
}

function defineList(command: Command): void {
  addServerOptions(command)
    .option('--state <state>', 'only those in this state')
    .option('--limit <count>', 'so many at most, up to 1000', positiveCount, 100)
    .option('--json', 'print JSON')
    .action(async (options: JsonOptions & { readonly state?: string; readonly limit: number }) => {
      const query = new URLSearchParams({ limit: String(options.limit) });
      if (options.state !== undefined) query.set('state', options.state);
      const page = (await clientFor(options).get(
        `/api/deployments?${query}`,
      )) as PageAnswer<DeploymentAnswer>;
      if (options.json) printJson(page.items);
      else {
        showDeployments(page.items);
        printThatMoreFollow(page.nextCursor);
      }
    });
}

function defineShow(command: Command): void {
  addServerOptions(command)
    .argument('<deployment>', named)
    .option('--json', 'print JSON')
    .action(async (name: string, options: JsonOptions) => {
      const deployment = (await clientFor(options).get(pathOf(name))) as DeploymentAnswer;
      if (options.json) {
        printJson(deployment);
        return;
      }
      if (name !== deployment.model && name !== deployment.id)
        printLine(`${name} is an alias of ${deployment.model}.\n`);
      showDeployment(deployment);
    });
}

interface SetOptions extends JsonOptions {
  readonly residency?: string;
  readonly pin?: boolean;
  readonly priority?: number;
  readonly idle?: number | 'default';
  readonly engine?: string;
  readonly context?: number | 'default';
  readonly parallel?: number | 'default';
  readonly threads?: number | 'default';
  readonly kvCache?: string;
  readonly base?: string;
  readonly force?: boolean;
}

function addSetOptions(command: Command): Command {
  return addServerOptions(command)
    .addOption(
      new Option('--residency <how>', 'how it stays in memory').choices(['always', 'on-demand', 'stopped']),
    )
    .option('--pin', 'never unload it to make room or for being idle')
    .option('--no-pin', 'it may be unloaded')
    .option('--priority <number>', 'from -100 to 100: the lower one makes room first', wholeNumber)
    .option(
      '--idle <seconds>',
      'unload it after so long idle; 0: never, `default`: as the settings say',
      countOrDefault,
    )
    .option('--engine <name>', 'the engine that runs it; `default`: what its manifest says')
    .option(
      '--context <tokens>',
      'longest prompt plus answer; `default`: what its manifest says',
      countOrDefault,
    )
    .option('--parallel <sequences>', 'answers at a time; `default`: as the settings say', countOrDefault)
    .option('--threads <count>', 'threads of its engine; `default`: shared out by the host', countOrDefault)
    .option('--kv-cache <precision>', 'f16, q8_0 or `default`')
    .option('--base <model>', 'of a LoRA adapter: the model to run on; `default`: found by lineage')
    .option('--force', 'run it on a base of another lineage all the same; this is recorded')
    .option('--json', 'print JSON');
}

function bodyOf(given: SetOptions): Readonly<Record<string, unknown>> {
  const options = {
    ...(given.context !== undefined && { contextTokens: orNull(given.context) }),
    ...(given.parallel !== undefined && { parallelSequences: orNull(given.parallel) }),
    ...(given.threads !== undefined && { threads: orNull(given.threads) }),
    ...(given.kvCache !== undefined && { kvCache: orNull(given.kvCache) }),
  };
  return {
    ...(given.residency !== undefined && { residency: given.residency }),
    ...(given.pin !== undefined && { pinned: given.pin }),
    ...(given.priority !== undefined && { priority: given.priority }),
    ...(given.idle !== undefined && { idleSeconds: orNull(given.idle) }),
    ...(given.engine !== undefined && { engine: orNull(given.engine) }),
    ...(Object.keys(options).length > 0 && { options }),
    ...(given.base !== undefined && { base: orNull(given.base) }),
    ...(given.force !== undefined && { force: given.force }),
  };
}

function defineSet(command: Command): void {
  addSetOptions(command)
    .argument('<deployment>', named)
    .action(async (name: string, options: SetOptions) => {
      const body = bodyOf(options);
      if (Object.keys(body).length === 0)
        throw new CommandError(
          'Nothing is to be set.',
          '`samovar deployments set --help` lists what can be.',
        );
      const deployment = (await clientFor(options).send('PATCH', pathOf(name), body)) as DeploymentAnswer;
      if (options.json) printJson(deployment);
      else printLine(`${deployment.model}: ${deployment.residency}, ${stateOf(deployment)}.`);
    });
}

function defineCreate(command: Command): void {
  addSetOptions(command)
    .argument('<model>', 'its name, or an alias')
    .option('--version <version>', 'of that model; the current one when left out')
    .action(async (model: string, options: SetOptions & { readonly version?: string }) => {
      const version = options.version === undefined ? {} : { version: options.version };
      const body = { model, ...version, ...bodyOf(options) };
      const deployment = (await clientFor(options).send(
        'POST',
        '/api/deployments',
        body,
      )) as DeploymentAnswer;
      if (options.json) printJson(deployment);
      else printLine(`${deployment.model} is deployed: ${deployment.residency}.`);
    });
}

function defineDelete(command: Command): void {
  addServerOptions(command)
    .argument('<deployment>', named)
    .option('--json', 'print JSON')
    .action(async (name: string, options: JsonOptions) => {
      const deployment = (await clientFor(options).send('DELETE', pathOf(name))) as DeploymentAnswer;
      if (options.json) printJson(deployment);
      else
        printLine(
          `${deployment.model} is taken off; \`samovar deployments create ${deployment.model}\` deploys it again.`,
        );
    });
}

interface FollowOptions extends JsonOptions {
  readonly follow?: boolean;
  readonly tail: number;
}

function addFollowOptions(command: Command, usual: number): Command {
  return addServerOptions(command)
    .argument('<deployment>', named)
    .option('-f, --follow', 'go on as it happens')
    .option('-n, --tail <count>', 'how much of the past', positiveCount, usual)
    .option('--json', 'print each as JSON on a line');
}

function defineEvents(command: Command): void {
  addFollowOptions(command, 100).action(async (name: string, options: FollowOptions) => {
    const query = new URLSearchParams({
      tail: String(options.tail),
      follow: String(options.follow === true),
    });
    let told = '';
    for await (const { event, data } of clientFor(options).follow(`${pathOf(name)}/events?${query}`)) {
      if (options.json) printLine(JSON.stringify({ event, ...JSON.parse(data) }));
      else if (event === 'event') printLine(eventLine(JSON.parse(data)));
      else {
        const progress = progressLine(JSON.parse(data));
        if (progress !== null && progress !== told) printLine(progress);
        told = progress ?? told;
      }
    }
  });
}

interface EventAnswer {
  readonly at: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly reason: string;
}

function eventLine({ at, from, to, reason }: EventAnswer): string {
  const change = to === null ? '' : `${from ?? ''} → ${to}`;
  return `${at.slice(0, 19).replace('T', ' ')}  ${change.padEnd(22)}  ${reason}`;
}

/** Nothing for what the events tell already. */
function progressLine(deployment: DeploymentAnswer): string | null {
  if (deployment.queue !== null)
    return `  place ${deployment.queue.position} in the queue, ${deployment.waitingRequests} waiting`;
  return deployment.state === 'loading' ? `  ${stateOf(deployment)}` : null;
}

function defineLogs(command: Command): void {
  addFollowOptions(command, 200).action(async (name: string, options: FollowOptions) => {
    const query = new URLSearchParams({
      tail: String(options.tail),
      follow: String(options.follow === true),
    });
    for await (const { data } of clientFor(options).follow(`${pathOf(name)}/logs?${query}`))
      printLine(options.json ? data : writtenLine(JSON.parse(data)));
  });
}

function wholeNumber(text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function countOrDefault(text: string): number | 'default' {
  if (text === 'default') return text;
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, or `default`.');
  return Number(text);
}

/** `default` takes a choice back. */
function orNull(value: string | number): string | number | null {
  return value === 'default' ? null : value;
}
