import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { dataFolder, type SupervisedProcess, type SupervisorRecord } from '@samovar/contract/data-folder';
import { identityOf, isRunning } from '@samovar/contract/process-identity';
import { asProcessMessage } from '@samovar/contract/process-messages';
import { processesOfRun } from '../src/platform/process/processes-of-run.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export interface SupervisedRun {
  readonly child: ChildProcess;
  /** Rejects with the text of the standard error when it ends first. */
  readonly ready: Promise<void>;
  /** The exit status, `null` after a signal. */
  readonly ended: Promise<number | null>;
  /** What it wrote on the standard error. */
  errorText(): string;
  record(): SupervisorRecord;
  process(role: string): SupervisedProcess;
}

/** A new data folder in which PostgreSQL's user can work, removed by `cleanUp`. */
export function newDataFolder(): string {
  const root = mkdtempSync(join(tmpdir(), 'samovar-run-'));
  made.push(root);
  chmodSync(root, 0o711);
  const data = join(root, 'data');
  mkdirSync(data, { mode: 0o711 });
  return data;
}

const made: string[] = [];
const started: { readonly child: ChildProcess; readonly data: string }[] = [];

/** Ends what a failed test left running, and removes every folder that `newDataFolder` made in this process. */
export function cleanUp(): void {
  for (const { child, data } of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const path = dataFolder(data).supervisor;
    const record: SupervisorRecord | null = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
    for (const pid of record ? livingProcesses(record) : []) process.kill(pid, 'SIGKILL');
    child.kill('SIGKILL');
  }
  for (const root of made) rmSync(root, { recursive: true, force: true });
}

/** Starts a supervisor as `samovar up` does, without fetching models unless the settings say so. */
export function startSupervised(
  data: string,
  settings: Readonly<Record<string, string>> = {},
): SupervisedRun {
  const child = spawn(process.execPath, [main, 'all'], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      ...process.env,
      SAMOVAR_DATA: data,
      SAMOVAR_PORT: '0',
      SAMOVAR_GRPC_PORT: '0',
      SAMOVAR_DEFAULT_MODELS: ',',
      SAMOVAR_DRAIN_SECONDS: '2',
      ...settings,
    },
  });
  started.push({ child, data });
  let errorText = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errorText += chunk;
  });
  const ended = once(child, 'close').then(() => child.exitCode);
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (value) => {
      if (asProcessMessage(value)?.kind === 'ready') resolve();
    });
    child.once('close', () => reject(new Error(`it ended while starting: ${errorText}`)));
  });
  // Tests of failing starts wait for the end alone.
  ready.catch(() => undefined);
  const record = () => JSON.parse(readFileSync(dataFolder(data).supervisor, 'utf8')) as SupervisorRecord;
  return {
    child,
    ready,
    ended,
    errorText: () => errorText,
    record,
    process(role) {
      const found = record().children.find((each) => each.role === role);
      if (!found) throw new Error(`no process of the role ${role} runs`);
      return found;
    },
  };
}

/** Waits until something holds; throws with its name after `limitMs`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(50);
  }
}

/** Every living process of a run: the recorded ones and those that carry its mark. */
export function livingProcesses(record: SupervisorRecord): number[] {
  const recorded = [record, ...record.children].filter(isRunning);
  return [...recorded, ...processesOfRun(record.runId)].map((each) => each.pid);
}

/** Whether the api answers; a refused connection is an answer of its own. */
export async function isHealthy(url: string): Promise<boolean> {
  return await answersWell(`${url}/healthz`);
}

/** Whether the api says that it has its database and its policy. */
export async function isReady(url: string): Promise<boolean> {
  return await answersWell(`${url}/readyz`);
}

async function answersWell(address: string): Promise<boolean> {
  try {
    return (await fetch(address, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

/** The identity of a child of the test, which must live. */
export function livingIdentity(child: ChildProcess) {
  const identity = identityOf(child.pid ?? 0);
  if (!identity) throw new Error('the process does not live');
  return identity;
}
