import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { ApiClient } from '../../api-client.ts';
import { CommandError, exitStatus } from '../../command-error.ts';
import type { ModelAnswer } from '../../console-answers.ts';
import { awaitImport } from '../../models/await-import.ts';
import type { ImportAnswer } from '../../models/import-answers.ts';
import { isHereLine } from '../../models/is-here.ts';
import { modelPath } from '../../models/model-state.ts';
import { uploadFile } from '../../models/upload-file.ts';
import { printJson } from '../../output/print-json.ts';
import { printLine } from '../../output/print-line.ts';
import { collected } from '../../parse-option.ts';
import { addServerOptions, clientFor, type Options } from '../../server-options.ts';

interface ImportOptions extends Options {
  readonly name?: string;
  readonly files?: readonly string[];
  readonly acceptLicense?: boolean;
  readonly quantization?: string;
  readonly force?: boolean;
  readonly detach?: boolean;
  readonly json?: boolean;
}

/** `hf:`, `s3:`, `https:` … */
const sourceForm = /^[a-z][a-z0-9+]*:/;

/** `samovar models import`. */
export function defineImport(command: Command): void {
  addServerOptions(command)
    .argument(
      '<source...>',
      'hf:owner/name, s3://bucket/prefix, https://…, oci:…, a package, or files of this machine; or a model whose files are to be fetched. Safetensors are converted, of the models in docs/reference/converted-models.md',
    )
    .option('--name <name>', 'what the model is called; from the source when absent')
    .option('--files <names>', 'only these files of the source; `*` stands for many characters', collected)
    .option('--accept-license', 'accept its terms, whatever they are; recorded with your key')
    .option('--quantization <type>', 'the type that the weights shall have: F16, Q8_0, Q4_K_M, …')
    .option('--force', 'take an adapter although its base is not here, or, one in GGUF, does not fit it')
    .option('--detach', 'return at once; `samovar models imports` shows how it goes on')
    .option('--json', 'print JSON')
    .action(async (sources: readonly string[], _given: ImportOptions, command: Command) => {
      const options = command.optsWithGlobals<ImportOptions>();
      const client = clientFor(options);
      const [first = ''] = sources;
      if (sources.length === 1 && !sourceForm.test(first) && !isFile(first))
        return await fetchRegistered(client, first, options);
      const asked = await ask(client, await sourceOf(client, sources), options);
      const done = options.detach ? asked : await awaitImport(client, asked.id, options);
      if (options.json) printJson(done);
      else if (options.detach) printLine(done.id);
      else await showImported(client, done);
    });
}

/** The files of a model that is registered: of the catalogue, or applied. */
async function fetchRegistered(client: ApiClient, name: string, options: ImportOptions): Promise<void> {
  const model = (await client.send('POST', `${modelPath(name)}/import`)) as ModelAnswer;
  if (options.json) printJson(model);
  else if (model.state === 'ready') printLine(`${model.name}: its files are here.`);
  else printLine(`${model.name}: its files are being fetched; \`samovar models\` shows the progress.`);
}

async function sourceOf(client: ApiClient, sources: readonly string[]): Promise<string> {
  const [first = ''] = sources;
  if (sources.length === 1 && sourceForm.test(first) && !isFile(first)) return first;
  const strange = sources.find((source) => !isFile(source));
  if (strange !== undefined)
    throw new CommandError(
      `${strange} is no file of this machine.`,
      'Name one source, or one or more files to upload.',
      exitStatus.usage,
    );
  const ids: string[] = [];
  for (const path of sources) ids.push((await uploadFile(client, path)).id);
  return `upload:${ids.join(',')}`;
}

/** A path is told from a source by being there; `./x` is always one. */
function isFile(text: string): boolean {
  return text.startsWith('./') || text.startsWith('/') || existsSync(text);
}

async function ask(client: ApiClient, source: string, options: ImportOptions): Promise<ImportAnswer> {
  return (await client.send('POST', '/api/imports', {
    source,
    ...(options.name !== undefined && { name: options.name }),
    ...(options.files !== undefined && { files: options.files }),
    ...(options.acceptLicense && { acceptLicense: true }),
    ...(options.quantization !== undefined && { quantization: options.quantization }),
    ...(options.force && { force: true }),
  })) as ImportAnswer;
}

export async function showImported(client: ApiClient, done: ImportAnswer): Promise<void> {
  for (const { severity, text } of done.notes) printLine(severity === 'warning' ? `Warning: ${text}` : text);
  printLine(await isHereLine(client, done.model));
}
