import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testCacheFolder } from '../cache-folder.ts';
import { startTestStack, type TestStack } from '../stack.ts';

const run = promisify(execFile);
const clientVersion = '3.54.0';
const script = fileURLToPath(new URL('./python/check_client.py', import.meta.url));

let stack: TestStack;
before(async () => {
  stack = await startTestStack();
});
after(() => stack?.stop());

test('the official Python client in strict validation mode accepts every answer', async () => {
  const python = await pythonWithClient();
  const { stdout } = await run(python, [script], {
    env: { ...process.env, BASE_URL: stack.url, API_KEY: stack.key },
  }).catch((error: { stdout?: string; stderr?: string }) =>
    assert.fail(`${error.stdout ?? ''}${error.stderr ?? ''}`),
  );
  assert.match(stdout, /ok errors/);
});

/** A virtual environment with the pinned client, made once and kept between runs. */
async function pythonWithClient(): Promise<string> {
  const folder = join(testCacheFolder(), `python-openai-${clientVersion}`);
  const python = join(folder, 'bin', 'python');
  const marker = join(folder, 'lib');
  if (!existsSync(marker)) {
    await mkdir(testCacheFolder(), { recursive: true });
    await run('python3', ['-m', 'venv', folder]);
  }
  const installed = await run(python, ['-c', 'import openai']).then(
    () => true,
    () => false,
  );
  if (!installed)
    await run(python, ['-m', 'pip', 'install', '--quiet', `openai==${clientVersion}`], { timeout: 300_000 });
  return python;
}
