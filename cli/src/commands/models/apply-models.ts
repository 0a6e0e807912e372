import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ApiClient } from '../../api-client.ts';
import { CommandError, exitStatus } from '../../command-error.ts';
import type { PlanAnswer, PlanItemAnswer } from '../../models/apply-answers.ts';
import type { VersionAnswer } from '../../models/import-answers.ts';
import { type ManifestFolder, readManifestFolder } from '../../models/manifest-folder.ts';
import { uploadFile } from '../../models/upload-file.ts';
import { formatBytes } from '../../output/format-quantity.ts';
import { printJson } from '../../output/print-json.ts';
import { printLine, printNews } from '../../output/print-line.ts';
import { addServerOptions, clientFor, type Options } from '../../server-options.ts';

interface ApplyOptions extends Options {
  readonly file: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly detach?: boolean;
  readonly json?: boolean;
}

/** The first tries may meet a network that is just coming up. */
const failureMs = 15_000;

const place =
  'a folder of manifests with their files, one manifest, or s3://bucket/prefix, which the server reads itself';

/** `samovar models plan`. */
export function definePlan(command: Command): void {
  addServerOptions(command)
    .requiredOption('-f, --file <folder>', place)
    .option('--json', 'print JSON')
    .action(async (_given: ApplyOptions, command: Command) => {
      const options = command.optsWithGlobals<ApplyOptions>();
      const { body } = readManifestFolder(options.file);
      const plan = (await clientFor(options).send('POST', '/api/models/plan', body)) as PlanAnswer;
      if (options.json) printJson(plan);
      else show(plan);
    });
}

/** `samovar models apply`. */
export function defineApply(command: Command): void {
  addServerOptions(command)
    .requiredOption('-f, --file <folder>', place)
    .option('--dry-run', 'only show what would be done')
    .option('--yes', 'do not ask')
    .option('--detach', 'return before the files are fetched')
    .option('--json', 'print JSON')
    .action(async (_given: ApplyOptions, command: Command) => {
      const options = command.optsWithGlobals<ApplyOptions>();
      const client = clientFor(options);
      const folder = readManifestFolder(options.file);
      const plan = await planFor(client, folder);
      if (!options.json) show(plan);
      if (options.dryRun || !hasWork(plan)) {
        if (options.json) printJson(plan);
        return;
      }
      if (!options.yes) await confirm();
      const done = await apply(client, folder, plan, options.detach === true);
      if (options.json) printJson(done);
      else
        printLine(
          options.detach ? 'Asked for; `samovar models` shows the progress.' : 'Everything is as declared.',
        );
    });
}

async function planFor(client: ApiClient, { body }: ManifestFolder): Promise<PlanAnswer> {
  const plan = (await client.send('POST', '/api/models/plan', body)) as PlanAnswer;
  if (plan.items.length > 0) return plan;
  throw new CommandError(
    'There is no manifest in it.',
    'A manifest is a YAML file with `schema: samovar.model/v1`; `models/model.schema.json` describes it.',
  );
}

function hasWork({ items }: PlanAnswer): boolean {
  return items.some(({ action }) => action !== 'unchanged');
}

async function apply(
  client: ApiClient,
  folder: ManifestFolder,
  agreed: PlanAnswer,
  detach: boolean,
): Promise<PlanAnswer> {
  const uploaded = await uploadMissing(client, folder, agreed);
  const { digest } = uploaded ? await planFor(client, folder) : agreed;
  const first = (await client.send('POST', '/api/models/apply', {
    ...folder.body,
    plan: digest,
  })) as PlanAnswer;
  if (detach) return first;
  await untilFetched(client, folder);
  if (!first.items.some(({ action }) => action === 'later')) return first;
  // What had to wait for files: aliases and deployments.
  return (await client.send('POST', '/api/models/apply', folder.body)) as PlanAnswer;
}

async function uploadMissing(client: ApiClient, folder: ManifestFolder, plan: PlanAnswer): Promise<boolean> {
  let uploaded = false;
  for (const { name: model, missing } of plan.items)
    for (const file of missing) {
      const path = folder.fileOf(model, file.name);
      if (path === null)
        throw new CommandError(
          `The file ${file.name} of ${model} is neither here nor beside its manifest.`,
          'Put it into the folder of the manifest, or name a source in the manifest.',
        );
      const upload = await uploadFile(client, path);
      if (upload.sha256 !== file.sha256)
        throw new CommandError(
          `${path} is not the file that the manifest of ${model} pins: its SHA-256 is ${upload.sha256}.`,
          'Correct the manifest, or put the right file there.',
        );
      uploaded = true;
    }
  return uploaded;
}

/** Waits until the files of every model that was applied are here. */
async function untilFetched(client: ApiClient, folder: ManifestFolder): Promise<void> {
  let told = '';
  const startedAt = Date.now();
  for (;;) {
    const { items } = await planFor(client, folder);
    const left = items.filter(({ kind, action }) => kind === 'model' && action === 'fetch');
    const [next] = left;
    if (next === undefined) return;
    const { items: versions } = (await client.get(
      `/api/models/${encodeURIComponent(next.name)}/versions`,
    )) as { items: readonly VersionAnswer[] };
    if (versions.some(({ state }) => state === 'failed') && Date.now() - startedAt > failureMs)
      throw new CommandError(
        `The files of ${next.name} could not be fetched yet.`,
        '`samovar logs worker` says why. It is tried again; applying once more goes on with the rest.',
      );
    if (next.name !== told) printNews(`fetching ${next.name}, ${left.length} to go`);
    told = next.name;
    await sleep(500);
  }
}

async function confirm(): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new CommandError('Nothing was done.', 'Say `--yes` to apply this plan.', exitStatus.usage);
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question('Apply this? [y/N] ');
  asking.close();
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new CommandError('Nothing was done.', 'The plan is still as it was.');
}

const marks: Readonly<Record<PlanItemAnswer['action'], string>> = {
  create: '+',
  'new-version': '~',
  'make-current': '!',
  fetch: '+',
  change: '~',
  later: '…',
  unchanged: '=',
};

function show(plan: PlanAnswer): void {
  for (const item of plan.items) {
    printLine(
      `${marks[item.action]} ${item.kind} ${item.name}: ${item.action}${item.drift ? ' (drift)' : ''}`,
    );
    if (item.action !== 'create')
      for (const { field, from, to } of item.changes)
        printLine(`    ${field}: ${brief(from)} → ${brief(to)}`);
    for (const file of item.missing)
      printLine(`    to be uploaded: ${file.name}, ${formatBytes(file.sizeBytes)}`);
  }
  if (!hasWork(plan)) printLine('Everything is as declared.');
}

function brief(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 97)}…` : text;
}
