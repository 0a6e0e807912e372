import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a script of checks to its end; what it printed, or a failed assertion with all of it. */
export async function runScript(
  program: string,
  script: string,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const { stdout } = await run(program, [script], { env: { ...process.env, ...environment } }).catch(
    (error: { stdout?: string; stderr?: string }) =>
      assert.fail(`${error.stdout ?? ''}${error.stderr ?? ''}`),
  );
  return stdout;
}
