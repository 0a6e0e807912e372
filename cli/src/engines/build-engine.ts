import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { asProcessMessage, type BuildStep } from '@samovar/contract/process-messages';
import { CommandError } from '../command-error.ts';
import { serverProgram } from '../server-program.ts';
import { type SettingFlags, serverEnvironment } from '../settings.ts';

export interface EngineBuild {
  /** The data folder. */
  readonly data: string;
  readonly flags: SettingFlags;
  /** Compilations at a time; as many as there are processors when absent. */
  readonly jobs: number | undefined;
  onProgress(step: BuildStep, fraction: number): void;
}

/** Builds llama-server and returns where it is. Ctrl-C ends the build, and nothing of it stays. */
export async function buildEngine(build: EngineBuild): Promise<string> {
  const words = [serverProgram, 'build-engine', ...(build.jobs === undefined ? [] : [String(build.jobs)])];
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // Ctrl-C reaches it through us, once: a second signal would end it before it has cleaned up.
    detached: true,
    env: { ...serverEnvironment(build.flags), SAMOVAR_DATA: build.data },
  });
  let failure: CommandError | null = null;
  let path: string | null = null;
  child.on('message', (value) => {
    const message = asProcessMessage(value);
    if (message?.kind === 'building') build.onProgress(message.step, message.fraction);
    if (message?.kind === 'failed') failure = new CommandError(message.message, message.remedy);
    if (message?.kind === 'built') path = message.path;
  });
  let interrupted = false;
  const interrupt = () => {
    if (!interrupted) child.kill('SIGTERM');
    interrupted = true;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (path !== null) return path;
    if (interrupted) throw new CommandError('The build was stopped.', 'Nothing of it was kept.', 130);
    throw (
      failure ??
      new CommandError(`The build ended with status ${code}.`, '`samovar doctor` checks the machine.')
    );
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, interrupt);
  }
}
