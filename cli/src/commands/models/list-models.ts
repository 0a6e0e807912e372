import type { Command } from 'commander';
import type { ModelAnswer } from '../../console-answers.ts';
import { readAllModels, stateOf } from '../../models/model-state.ts';
import { formatBytes } from '../../output/format-quantity.ts';
import { printJson } from '../../output/print-json.ts';
import { printLine } from '../../output/print-line.ts';
import { printTable } from '../../output/print-table.ts';
import { addServerOptions, clientFor, type Options } from '../../server-options.ts';

interface ListOptions extends Options {
  readonly json?: boolean;
  readonly text?: string;
}

/** `samovar models [list]`. */
export function defineList(command: Command): void {
  addServerOptions(command)
    .option('--text <words>', 'only those with this in the name or the title, or with this group')
    .option('--json', 'print JSON')
    .action(async (_given: ListOptions, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      const query = options.text === undefined ? '' : `?${new URLSearchParams({ text: options.text })}`;
      const models = await readAllModels(clientFor(options), query);
      if (options.json) printJson(models);
      else show(models);
    });
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
      model.archivedAt === null ? stateOf(model) : `archived, ${stateOf(model)}`,
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
