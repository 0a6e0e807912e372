import { existsSync } from 'node:fs';
import { isRunning } from '@samovar/contract/process-identity';
import type { Command } from 'commander';
import { type CommandError, exitStatus } from '../command-error.ts';
import type { Acceleration } from '../engines/describe-acceleration.ts';
import { readAcceleration } from '../engines/read-acceleration.ts';
import { formatBytes, formatDuration } from '../output/format-quantity.ts';
import { printJson } from '../output/print-json.ts';
import { printLine } from '../output/print-line.ts';
import { printTable } from '../output/print-table.ts';
import { readModels } from '../read-models.ts';
import { residentBytes } from '../resident-bytes.ts';
import { lastRecord, runningSupervisor } from '../running-server.ts';
import { addSettingOptions, settingFlags } from '../setting-options.ts';
import { type CliSettings, usableSettings } from '../settings.ts';
import { type ModelProgress, phaseName } from '../up/model-progress.ts';

interface ProcessStatus {
  readonly role: string;
  readonly pid: number;
  readonly running: boolean;
  readonly upMs: number;
  readonly restarts: number;
  readonly residentBytes: number | null;
}

interface Status {
  readonly running: boolean;
  readonly url: string | null;
  /** `host:port` */
  readonly grpcAddress: string | null;
  readonly version: string | null;
  readonly upMs: number;
  readonly data: string;
  readonly postgres: 'embedded' | 'external' | null;
  readonly processes: readonly ProcessStatus[];
  /** `null` when the API does not answer, or not to us: `modelsProblem` tells. */
  readonly models: readonly ModelProgress[] | null;
  readonly modelsProblem: { readonly message: string; readonly remedy: string } | null;
  readonly acceleration: Acceleration | null;
}

/** `samovar status`. Exits with 3 when Samovar does not run. */
export function define(command: Command): void {
  addSettingOptions(command, ['data'])
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean } & Record<string, unknown>) => {
      const settings = usableSettings(settingFlags(options));
      const status = await readStatus(settings);
      if (options.json) printJson(status);
      else show(status);
      if (!status.running) process.exitCode = exitStatus.notRunning;
    });
}

async function readStatus(settings: CliSettings): Promise<Status> {
  const { data } = settings.values;
  const record = runningSupervisor(data);
  if (!record) {
    return {
      running: false,
      url: null,
      grpcAddress: null,
      version: null,
      upMs: 0,
      data,
      postgres: null,
      processes: [],
      models: null,
      modelsProblem: null,
      acceleration: null,
    };
  }
  let modelsProblem: Status['modelsProblem'] = null;
  const models = await readModels(settings, (problem) => {
    modelsProblem = explain(problem);
  });
  const now = Date.now();
  const supervisor = { role: 'supervisor', pid: record.pid, startedAtMs: record.startedAtMs, restarts: 0 };
  const children = record.children.map((child) => ({ ...child, running: isRunning(child) }));
  return {
    running: true,
    url: record.url,
    grpcAddress: record.grpcAddress ?? null,
    version: record.version,
    upMs: now - record.startedAtMs,
    data,
    postgres: children.some((child) => child.role === 'postgres') ? 'embedded' : 'external',
    processes: [{ ...supervisor, running: true }, ...children].map((each) => ({
      role: each.role,
      pid: each.pid,
      running: each.running,
      upMs: now - each.startedAtMs,
      restarts: each.restarts,
      residentBytes: residentBytes(each.pid),
    })),
    models,
    modelsProblem,
    acceleration: models === null ? null : await readAcceleration(models),
  };
}

/** That it does not answer is no reason to start what runs already. */
function explain({ message, remedy, status }: CommandError): NonNullable<Status['modelsProblem']> {
  return status === exitStatus.notRunning
    ? { message, remedy: '`samovar logs api` tells more.' }
    : { message, remedy };
}

function show(status: Status): void {
  if (!status.running) {
    printLine(`Samovar does not run on ${status.data}. Start it with \`samovar up\`.`);
    const last = existsSync(status.data) ? lastRecord(status.data) : null;
    if (last) printLine('Its last run was cut off; the next start clears what it left.');
    return;
  }
  printLine(`Samovar ${status.version} at ${status.url}, up ${formatDuration(status.upMs)}`);
  if (status.grpcAddress !== null) printLine(`gRPC at ${status.grpcAddress}`);
  printLine(`Data in ${status.data}, PostgreSQL ${status.postgres}\n`);
  printTable(
    ['process', 'pid', 'state', 'up', 'restarts', 'memory'],
    status.processes.map((each) => [
      each.role,
      String(each.pid),
      each.running ? 'running' : 'ended',
      formatDuration(each.upMs),
      String(each.restarts),
      each.residentBytes === null ? '' : formatBytes(each.residentBytes),
    ]),
  );
  printLine();
  if (status.modelsProblem !== null)
    printLine(`Models cannot be told. ${status.modelsProblem.message} ${status.modelsProblem.remedy}`);
  if (status.models !== null)
    printTable(
      ['model', 'state', 'also called'],
      status.models.map((model) => [model.name, phaseName(model.phase), model.aliases.join(', ')]),
    );
  if (status.acceleration?.runsOn) printLine(`\nThe chat model runs on ${status.acceleration.runsOn}.`);
  if (status.acceleration?.unused) printLine(`Not used: ${status.acceleration.unused}`);
}
