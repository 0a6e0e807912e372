import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SupervisedProcess } from '@samovar/contract/data-folder';
import { identityOf, signalProcess } from '@samovar/contract/process-identity';
import { asProcessMessage } from '@samovar/contract/process-messages';
import { asSamovarError, SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { endProcess } from '../../platform/process/end-process.ts';
import { openLogFile } from '../../platform/process/log-file.ts';
import { nodeArguments } from '../node-arguments.ts';
import { errorOfMessage } from './error-of-message.ts';

export interface RoleProcessOptions {
  readonly role: 'api' | 'engine' | 'worker' | 'prepare';
  readonly environment: NodeJS.ProcessEnv;
  readonly logPath: string;
  readonly log: Log;
  /** Called whenever the process began or ended: the record of the run changes. */
  onChange(): void;
}

/** One role as a child process, started again when it ends by itself. */
export interface RoleProcess {
  /** Resolves when the role says that it is ready; rejects when it ends before that the first time. */
  start(): Promise<void>;
  stop(graceMs: number): Promise<void>;
  /** Ends it at once, without waiting. */
  kill(): void;
  current(): SupervisedProcess | null;
}

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** A process that lived this long was well: the pauses begin anew. */
const healthyMs = 60_000;

export function createRoleProcess(options: RoleProcessOptions): RoleProcess {
  let current: SupervisedProcess | null = null;
  let stopping = false;
  let pauseMs = firstPauseMs;
  let restarts = 0;
  let timer: NodeJS.Timeout | null = null;
  let wasReady = false;

  function begin(): Promise<void> {
    const startedAtMs = Date.now();
    let child: ChildProcess;
    try {
      child = spawnRole(options);
    } catch (error) {
      // The log's disk is full, or no file can be opened: that passes, and a role that was well once comes back.
      ended(startedAtMs);
      return Promise.reject(error);
    }
    const identity = child.pid === undefined ? null : identityOf(child.pid);
    current = identity && { ...identity, role: options.role, startedAtMs, restarts };
    options.onChange();
    // Without a pid nothing was started, so there is an error and no exit.
    child.once(child.pid === undefined ? 'error' : 'exit', () => ended(startedAtMs));
    return readiness(child, options);
  }

  function ended(startedAtMs: number): void {
    current = null;
    options.onChange();
    if (stopping || !wasReady) return;
    if (Date.now() - startedAtMs >= healthyMs) pauseMs = firstPauseMs;
    options.log.warn({ child: options.role, pauseMs }, 'a process ended and is started again after a pause');
    timer = setTimeout(again, pauseMs);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }

  function again(): void {
    restarts += 1;
    begin().catch((error: unknown) => {
      options.log.error({ child: options.role, error: asSamovarError(error) }, 'a restarted process failed');
    });
  }

  return {
    async start() {
      await begin();
      wasReady = true;
    },
    async stop(graceMs) {
      stopping = true;
      if (timer) clearTimeout(timer);
      if (current && !(await endProcess(current, graceMs)))
        options.log.error({ child: options.role, childPid: current.pid }, 'a process could not be ended');
    },
    kill() {
      stopping = true;
      if (current) signalProcess(current, 'SIGKILL');
    },
    current: () => current,
  };
}

/** Runs a role that ends by itself, such as `prepare`; rejects when it fails. */
export async function runRole(options: RoleProcessOptions): Promise<void> {
  await readiness(spawnRole(options), options);
}

function spawnRole(options: RoleProcessOptions): ChildProcess {
  const log = openLogFile(options.logPath);
  try {
    return spawn(process.execPath, [...nodeArguments(options.role), main, options.role], {
      // A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops things in order.
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      env: options.environment,
    });
  } finally {
    closeSync(log);
  }
}

function readiness(child: ChildProcess, options: RoleProcessOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: SamovarError | null = null;
    child.on('message', (value) => {
      const message = asProcessMessage(value);
      if (message?.kind === 'ready') resolve();
      if (message?.kind === 'failed') failure = errorOfMessage(message) ?? failed(options, message.message);
    });
    child.once('error', (error) => reject(failed(options, error.message)));
    child.once('exit', (code, signal) => {
      if (failure) reject(failure);
      else if (code === 0 && options.role === 'prepare') resolve();
      else reject(failed(options, signal === null ? `it ended with ${code}` : `it was ended by ${signal}`));
    });
  });
}

function failed(options: RoleProcessOptions, reason: string): SamovarError {
  return new SamovarError('setup.process_failed', {
    params: { role: options.role, reason, log: options.logPath },
  });
}
