import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder } from '@samovar/contract/data-folder';
import { makeFolder } from '@samovar/contract/make-folder';
import { asProcessMessage, type SupervisorStep } from '@samovar/contract/process-messages';
import { CommandError } from '../command-error.ts';
import { serverProgram } from '../server-program.ts';
import { type SettingFlags, serverEnvironment } from '../settings.ts';

export interface SupervisorStart {
  readonly data: string;
  readonly flags: SettingFlags;
  /** The supervisor ends when we do. */
  readonly attached: boolean;
  onStep(step: SupervisorStep): void;
}

export interface StartedSupervisor {
  readonly child: ChildProcess;
  /** Resolves when all processes are ready; rejects with the sentence of what is wrong. */
  readonly ready: Promise<void>;
  /** Resolves with the exit status when it has ended. */
  readonly ended: Promise<number>;
}

/** Starts the supervisor in a session of its own; what it writes goes to `logs/supervisor.log`. */
export function startSupervisor(start: SupervisorStart): StartedSupervisor {
  const log = openLog(start.data);
  const words = start.attached ? [serverProgram, 'all', '--attached'] : [serverProgram, 'all'];
  const child = spawn(process.execPath, words, {
    detached: true,
    stdio: ['ignore', log ?? 'ignore', log ?? 'ignore', 'ipc'],
    env: { ...serverEnvironment(start.flags), SAMOVAR_DATA: start.data },
  });
  if (log !== null) closeSync(log);
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
  });
  return { child, ended, ready: readiness(child, start) };
}

/** `null` when the folder cannot be written: the supervisor says so in its own words. */
function openLog(dataRoot: string): number | null {
  const { root, logs } = dataFolder(dataRoot);
  try {
    // For root, PostgreSQL's own user must be able to pass through.
    if (makeFolder(root)) chmodSync(root, process.getuid?.() === 0 ? 0o711 : 0o700);
    makeFolder(logs, 0o700);
    return openSync(join(logs, 'supervisor.log'), 'a', 0o600);
  } catch {
    return null;
  }
}

function readiness(child: ChildProcess, start: SupervisorStart): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: CommandError | null = null;
    child.on('message', (value) => {
      const message = asProcessMessage(value);
      if (message?.kind === 'progress') start.onStep(message.step);
      if (message?.kind === 'failed') failure = new CommandError(message.message, message.remedy);
      if (message?.kind === 'ready') resolve();
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(
        failure ??
          new CommandError(
            `Samovar ended while it was starting (${signal ?? `status ${code}`}).`,
            '`samovar logs supervisor` tells more; `samovar doctor` checks the machine.',
          ),
      );
    });
  });
}
