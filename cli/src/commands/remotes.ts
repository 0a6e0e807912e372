import { type Command, Option } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { printJson } from '../output/print-json.ts';
import { printLine, printNews } from '../output/print-line.ts';
import { readPages } from '../read-pages.ts';
import {
  addConnectionOptions,
  type ConnectionOptions,
  connectionBody,
} from '../remotes/connection-options.ts';
import { printRemote, printRemotes } from '../remotes/print-remote.ts';
import type { RemoteAnswer, RemovedRemoteAnswer, ShownRemoteAnswer } from '../remotes/remote-answer.ts';
import { addServerOptions, clientFor, type Options } from '../server-options.ts';

/** `samovar remotes add|list|show|set|probe|remove|adapter`. */
export function define(command: Command): void {
  defineList(command.command('list', { isDefault: true }).description('the engines that are connected'));
  defineAdd(command.command('add').description('connect an engine that runs elsewhere'));
  defineShow(command.command('show').description('one engine: its models, limits, adapters and events'));
  defineSet(command.command('set').description('change a connection; what is left out stays'));
  defineProbe(command.command('probe').description('look at an engine now, and check its models again'));
  defineRemove(command.command('remove').description('forget a connection and its key'));
  defineAdapter(command.command('adapter').description('have a vLLM load or unload a LoRA adapter'));
}

type JsonOptions = Options & { readonly json?: boolean };

function defineList(command: Command): void {
  addServerOptions(command)
    .option('--json', 'print JSON')
    .action(async (options: JsonOptions) => {
      const engines = await readPages<RemoteAnswer>(clientFor(options), '/api/engines');
      if (options.json) printJson(engines);
      else printRemotes(engines);
    });
}

function defineAdd(command: Command): void {
  addConnectionOptions(addServerOptions(command))
    .argument('<name>', 'how it is called here')
    .argument('<url>', 'where `/v1/…` begins: http://gpu-1:8000')
    .addOption(
      new Option('--kind <kind>', 'the interface that it speaks')
        .choices(['openai', 'tei'])
        .default('openai'),
    )
    .option('--json', 'print JSON')
    .action(
      async (
        name: string,
        url: string,
        options: JsonOptions & ConnectionOptions & { readonly kind: string },
      ) => {
        const client = clientFor(options);
        const body = connectionBody(options);
        await client.send('POST', '/api/engines', { name, kind: options.kind, baseUrl: url, ...body });
        if (!options.json) printNews(`Connected ${name}; looking at it.`);
        await tellProbed(client, name, options);
      },
    );
}

async function tellProbed(client: ApiClient, name: string, options: JsonOptions): Promise<void> {
  const engine = (await client.send('POST', `${pathOf(name)}/probe`)) as ShownRemoteAnswer;
  if (options.json) printJson(engine);
  else printRemote(engine);
  if (engine.state === 'away')
    throw new CommandError(
      `${name} does not answer: ${engine.reason ?? 'unknown'}`,
      'It is looked at again by itself. Is the address right, and does the engine run?',
    );
}

function defineShow(command: Command): void {
  addServerOptions(command)
    .argument('<name>', 'the engine')
    .option('--json', 'print JSON')
    .action(async (name: string, options: JsonOptions) => {
      const engine = (await clientFor(options).get(pathOf(name))) as ShownRemoteAnswer;
      if (options.json) printJson(engine);
      else printRemote(engine);
    });
}

interface SetOptions extends ConnectionOptions {
  readonly url?: string;
  readonly withoutKey?: boolean;
  readonly enable?: boolean;
  readonly disable?: boolean;
}

function defineSet(command: Command): void {
  addConnectionOptions(addServerOptions(command))
    .argument('<name>', 'the engine')
    .option('--url <url>', 'another address')
    .option('--without-key', 'take its key away')
    .option('--disable', 'no requests and no probes until it is enabled again')
    .option('--enable', 'the opposite')
    .option('--json', 'print JSON')
    .action(async (name: string, options: JsonOptions & SetOptions) => {
      const body = connectionBody(options);
      if (options.url !== undefined) body.baseUrl = options.url;
      if (options.withoutKey) body.key = null;
      if (options.enable || options.disable) body.enabled = options.disable !== true;
      if (Object.keys(body).length === 0)
        throw new CommandError(
          'Nothing is to be changed.',
          '`samovar remotes set --help` lists what can be.',
        );
      const client = clientFor(options);
      await client.send('PATCH', pathOf(name), body);
      await tellProbed(client, name, options);
    });
}

function defineProbe(command: Command): void {
  addServerOptions(command)
    .argument('<name>', 'the engine')
    .option('--json', 'print JSON')
    .action(async (name: string, options: JsonOptions) => tellProbed(clientFor(options), name, options));
}

function defineRemove(command: Command): void {
  addServerOptions(command)
    .argument('<name>', 'the engine')
    .option('--json', 'print JSON')
    .action(async (name: string, options: JsonOptions) => {
      const engine = (await clientFor(options).send('DELETE', pathOf(name))) as RemovedRemoteAnswer;
      if (options.json) return printJson(engine);
      printLine(`${name} is forgotten, and its key with it.`);
      for (const model of engine.unservedModels)
        printLine(`No engine serves ${model} any more; \`samovar models delete ${model}\` deletes it.`);
    });
}

function defineAdapter(command: Command): void {
  addServerOptions(command)
    .argument('<engine>', 'the engine')
    .argument('<adapter>', 'how the adapter is called, there and here')
    .argument('[path]', "where it lies on the engine's own machine; without it, the adapter is unloaded")
    .option('--unload', 'unload it')
    .option('--json', 'print JSON')
    .action(
      async (
        name: string,
        adapter: string,
        folder: string | undefined,
        options: JsonOptions & { readonly unload?: boolean },
      ) => {
        if ((folder === undefined) !== (options.unload === true))
          throw new CommandError(
            'Tell where the adapter lies, or say `--unload`.',
            '`samovar remotes adapter --help` shows how.',
          );
        const client = clientFor(options);
        const path = `${pathOf(name)}/adapters/${encodeURIComponent(adapter)}`;
        if (folder === undefined) await client.send('DELETE', path);
        else await client.send('PUT', path, { path: folder });
        await tellProbed(client, name, options);
      },
    );
}

function pathOf(name: string): string {
  return `/api/engines/${encodeURIComponent(name)}`;
}
