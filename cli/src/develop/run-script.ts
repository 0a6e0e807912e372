import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError, exitStatus } from '../command-error.ts';

const checkout = fileURLToPath(new URL('../../..', import.meta.url));

/** Runs a script of this checkout with the Node that runs us, in the foreground, and takes over its exit status. */
export async function runScript(script: string, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(checkout, script), ...args], {
    stdio: 'inherit',
    cwd: checkout,
  });
  // The terminal sends Ctrl-C to both; the script decides how to end.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  const forward = () => child.kill('SIGTERM');
  process.on('SIGTERM', forward);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  process.off('SIGINT', ignore);
  process.off('SIGTERM', forward);
  if (signal !== null)
    throw new CommandError(`${script} was ended by ${signal}.`, 'Run it again.', exitStatus.failed);
  process.exitCode = code ?? exitStatus.failed;
}
