import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { AliasAnswer } from '../aliases/alias-answers.ts';
import type { ApiClient } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import type { ModelAnswer } from '../console-answers.ts';
import { formatBytes } from '../output/format-quantity.ts';
import { printJson } from '../output/print-json.ts';
import { printLine, printNews } from '../output/print-line.ts';
import { printTable } from '../output/print-table.ts';
import { addServerOptions, clientFor, type Options } from '../server-options.ts';

/** `samovar models [import|load|unload|engine|alias]`. */
export function define(command: Command): void {
  addServerOptions(command)
    .option('--json', 'print JSON')
    .action(async (options: Options & { readonly json?: boolean }) => {
      const models = await listModels(clientFor(options));
      if (options.json) printJson(models);
      else show(models);
    });
  defineImport(
    command.command('import').description('fetch the files of a model now, also after that has failed'),
  );
  defineLoad(command.command('load').description('load a model into memory'));
  defineUnload(command.command('unload').description('unload a model; the next request loads it again'));
  defineAlias(command.command('alias').description('give a model another name, or take one away'));
  defineEngine(command.command('engine').description('choose the engine that runs a model'));
}

function defineImport(command: Command): void {
  addServerOptions(command)
    .argument('<model>', 'its name or an alias')
    .option('--json', 'print JSON')
    .action(async (name: string, _given: Options, command: Command) => {
      const options = command.optsWithGlobals<LoadOptions>();
      const path = `/api/models/${encodeURIComponent(name)}/import`;
      const model = (await clientFor(options).send('POST', path)) as ModelAnswer;
      if (options.json) printJson(model);
      else if (model.state === 'ready') printLine(`${model.name}: its files are here.`);
      else printLine(`${model.name}: its files are being fetched; \`samovar models\` shows the progress.`);
    });
}

interface LoadOptions extends Options {
  readonly keep?: boolean;
  readonly pin?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

function defineLoad(command: Command): void {
  addServerOptions(command)
    .argument('<model>', 'its name or an alias')
    .option('--keep', 'keep it loaded, also after a restart')
    .option('--pin', 'never unload it to make room or for being idle')
    .option('--wait', 'return when it answers')
    .option('--json', 'print JSON')
    .action(async (name: string, given: LoadOptions, command: Command) => {
      const options = command.optsWithGlobals<LoadOptions>();
      const client = clientFor(options);
      const query = new URLSearchParams();
      if (given.keep) query.set('residency', 'always');
      if (given.pin) query.set('pinned', 'true');
      const path = `/api/models/${encodeURIComponent(name)}/load?${query}`;
      const asked = (await client.send('POST', path)) as ModelAnswer;
      const model = given.wait ? await untilReady(client, asked.name) : asked;
      if (options.json) printJson(model);
      else printLine(`${model.name}: ${stateOf(model)}`);
    });
}

function defineUnload(command: Command): void {
  addServerOptions(command)
    .argument('<model>', 'its name or an alias')
    .option('--json', 'print JSON')
    .action(async (name: string, _given: Options, command: Command) => {
      const options = command.optsWithGlobals<LoadOptions>();
      const path = `/api/models/${encodeURIComponent(name)}/unload`;
      const model = (await clientFor(options).send('POST', path)) as ModelAnswer;
      if (options.json) printJson(model);
      else printLine(`${model.name}: ${stateOf(model)}`);
    });
}

function defineEngine(command: Command): void {
  addServerOptions(command)
    .argument('<model>', 'its name or an alias')
    .argument(
      '<engine>',
      'llama-cpp, or llama-server once it is built (`samovar engines build llama-server`)',
    )
    .option('--json', 'print JSON')
    .action(async (name: string, engine: string, _given: Options, command: Command) => {
      const options = command.optsWithGlobals<LoadOptions>();
      const path = `/api/models/${encodeURIComponent(name)}/engine?${new URLSearchParams({ engine })}`;
      const model = (await clientFor(options).send('POST', path)) as ModelAnswer;
      if (options.json) printJson(model);
      else printLine(`${model.name} runs on ${model.engine}.`);
    });
}

interface AliasOptions extends LoadOptions {
  readonly remove?: boolean;
}

function defineAlias(command: Command): void {
  addServerOptions(command)
    .argument(
      '<alias>',
      'the name; `name/rc` and `name@suffix` are what model URIs call branches and tuned versions',
    )
    .argument('[model]', 'the model, by its name or an alias')
    .option('--remove', 'take the name away')
    .option('--json', 'print JSON')
    .action(async (alias: string, name: string | undefined, given: AliasOptions, command: Command) => {
      const options = command.optsWithGlobals<AliasOptions>();
      if ((name === undefined) !== (given.remove === true))
        throw new CommandError(
          'Name a model, or say `--remove`.',
          '`samovar models alias --help` shows how.',
        );
      const path = `/api/aliases/${alias.split('/').map(encodeURIComponent).join('/')}`;
      const client = clientFor(options);
      const answer =
        name === undefined
          ? await client.send('DELETE', path)
          : await client.send('PUT', path, { model: name });
      const set = answer as AliasAnswer;
      if (options.json) printJson(set);
      else
        printLine(
          `${set.targets[0]?.model ?? ''} is ${name === undefined ? 'no longer called' : 'now also called'} ${alias}.`,
        );
    });
}

async function listModels(client: ApiClient): Promise<readonly ModelAnswer[]> {
  return ((await client.get('/api/models')) as { items: readonly ModelAnswer[] }).items;
}

/** Waits while the model is being loaded, telling each new state; throws when loading failed. */
async function untilReady(client: ApiClient, name: string): Promise<ModelAnswer> {
  let told = '';
  for (let waits = 0; ; waits += 1) {
    const model = (await listModels(client)).find((candidate) => candidate.name === name);
    if (model?.deployment?.state === 'ready') return model;
    // The first looks may still see how an earlier attempt ended.
    if (!model || (model.deployment?.state === 'failed' && waits > 10))
      throw new CommandError(
        `${name} could not be loaded: ${model?.deployment?.lastError ?? 'it is gone'}.`,
        '`samovar logs engine` tells more; it is retried with growing pauses.',
      );
    const state = stateOf(model);
    if (state !== told) printNews(`${name}: ${state}`);
    told = state;
    await sleep(500);
  }
}

function show(models: readonly ModelAnswer[]): void {
  if (models.length === 0) {
    printLine('There are no models yet.');
    return;
  }
  printTable(
    ['model', 'task', 'state', 'also called', 'on disk', 'in memory', 'stays', 'engine', 'host'],
    models.map((model) => [
      model.name,
      model.task,
      stateOf(model),
      model.aliases.join(', '),
      formatBytes(model.sizeBytes),
      model.deployment && model.deployment.residentBytes > 0
        ? formatBytes(model.deployment.residentBytes)
        : '',
      staysOf(model),
      engineOf(model),
      model.deployment?.host ?? '',
    ]),
  );
  for (const model of models) {
    const error = model.import.error ?? model.deployment?.lastError ?? null;
    if (error !== null) printLine(`${model.name}: ${error}`);
  }
}

function engineOf({ engine, deployment }: ModelAnswer): string {
  const processor = deployment?.processor ?? null;
  return processor === null ? engine : `${engine} on ${processor}`;
}

function staysOf({ deployment }: ModelAnswer): string {
  if (deployment === null) return '';
  return deployment.pinned ? `${deployment.residency}, pinned` : deployment.residency;
}

function stateOf(model: ModelAnswer): string {
  const { downloadedBytes, totalBytes, bytesPerSecond } = model.import;
  if (model.state === 'importing' && totalBytes > 0)
    return `fetching ${Math.floor((100 * downloadedBytes) / totalBytes)} % at ${formatBytes(bytesPerSecond)}/s`;
  if (model.state === 'registered') return 'not fetched';
  if (model.state !== 'ready') return model.state;
  const { deployment } = model;
  if (deployment === null) return 'ready to load';
  if (deployment.state === 'loading') return `loading ${Math.floor(deployment.loadProgress * 100)} %`;
  return deployment.state;
}
