import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { CommandError, exitStatus } from '../command-error.ts';
import { collected, positiveCount, quantity } from '../parse-option.ts';

/** What `add` and `set` take. */
export interface ConnectionOptions {
  readonly keyFile?: string;
  readonly header?: readonly string[];
  readonly caFile?: string;
  readonly model?: readonly string[];
  readonly join?: readonly string[];
  readonly context?: readonly string[];
  readonly discover?: boolean;
  readonly parallel?: number;
  readonly queue?: number;
  readonly connectSeconds?: number;
  readonly firstByteSeconds?: number;
  readonly idleSeconds?: number;
  readonly wholeSeconds?: number;
}

export function addConnectionOptions(command: Command): Command {
  return command
    .option('--key-file <file>', 'file with its key, sent as bearer token; `-` reads standard input')
    .option('--header <name=file>', 'a header, its value in a file; several times', collected)
    .option('--ca-file <file>', 'PEM file with the certificate authorities of the engine')
    .option('--model <upstream=name>', 'serve this model of it under this name; several times', collected)
    .option('--join <upstream=name>', 'the same, as one more replica of the model that runs here', collected)
    .option('--context <upstream=tokens>', 'context length where the engine does not tell it', collected)
    .option('--discover', 'serve what it lists, besides what is mapped')
    .option('--no-discover', 'serve what is mapped alone')
    .option('--parallel <count>', 'requests at a time, from each process', positiveCount)
    .option('--queue <count>', 'requests that may wait for a place', quantity)
    .option('--connect-seconds <seconds>', 'limit for connecting', quantity)
    .option('--first-byte-seconds <seconds>', 'limit until an answer begins', quantity)
    .option('--idle-seconds <seconds>', 'limit between two parts of an answer', quantity)
    .option('--whole-seconds <seconds>', 'limit for a whole answer', quantity);
}

/** The body for the console API; what was not given is left out. */
export function connectionBody(options: ConnectionOptions): Record<string, unknown> {
  const models = modelsOf(options);
  const limits = without({ parallelRequests: options.parallel, queuedRequests: options.queue });
  const timeouts = without({
    connectSeconds: options.connectSeconds,
    firstByteSeconds: options.firstByteSeconds,
    idleSeconds: options.idleSeconds,
    wholeSeconds: options.wholeSeconds,
  });
  return without({
    key: options.keyFile === undefined ? undefined : readSecret(options.keyFile),
    headers: options.header === undefined ? undefined : headersOf(options.header),
    ca: options.caFile === undefined ? undefined : readText(options.caFile),
    discover: options.discover,
    models,
    limits: Object.keys(limits).length === 0 ? undefined : limits,
    timeouts: Object.keys(timeouts).length === 0 ? undefined : timeouts,
  });
}

function modelsOf({ model = [], join = [], context = [] }: ConnectionOptions): object[] | undefined {
  if (model.length === 0 && join.length === 0) {
    if (context.length > 0)
      throw usage(
        '`--context` belongs to a model that is mapped.',
        'Name it with `--model upstream=name` too.',
      );
    return undefined;
  }
  const lengths = new Map(context.map((text) => pair(text, '--context')));
  return [
    ...model.map((text) => ({ text, joins: false })),
    ...join.map((text) => ({ text, joins: true })),
  ].map(({ text, joins }) => {
    const [upstream, name] = text.includes('=') ? pair(text, '--model') : [text, undefined];
    const tokens = lengths.get(upstream);
    return without({
      upstream,
      name,
      join: joins ? true : undefined,
      contextTokens: tokens === undefined ? undefined : positiveCount(tokens),
    });
  });
}

function headersOf(headers: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    headers.map((text) => {
      const [name, file] = pair(text, '--header');
      return [name, readSecret(file)];
    }),
  );
}

/** Names of models may hold `=` themselves: the last one counts. */
function pair(text: string, option: string): [string, string] {
  const at = text.lastIndexOf('=');
  if (at < 1 || at === text.length - 1)
    throw usage(`\`${option} ${text}\` is no pair.`, 'Write the two parts with `=` between them.');
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Secrets come from files: a command line is seen by everybody on the machine, and kept by the shell. */
function readSecret(file: string): string {
  const secret = readText(file === '-' ? 0 : file).trim();
  if (secret === '') throw usage(`There is nothing in ${file}.`, 'Put the secret there, in one line.');
  return secret;
}

function readText(file: string | 0): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw usage(
      `${file === 0 ? 'Standard input' : file} cannot be read: ${error instanceof Error ? error.message : error}`,
      'Give the path of a file that you may read.',
    );
  }
}

function without<T extends Readonly<Record<string, unknown>>>(values: T): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function usage(message: string, remedy: string): CommandError {
  return new CommandError(message, remedy, exitStatus.usage);
}
