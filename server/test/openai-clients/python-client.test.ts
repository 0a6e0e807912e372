import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonWithOpenai } from '../python-with-package.ts';
import { startTestStack, type TestStack } from '../stack.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./python/check_client.py', import.meta.url));

let stack: TestStack;
before(async () => {
  stack = await startTestStack();
});
after(() => stack?.stop());

test('the official Python client in strict validation mode accepts every answer', async () => {
  const python = await pythonWithOpenai();
  const { stdout } = await run(python, [script], {
    env: { ...process.env, BASE_URL: stack.url, API_KEY: stack.key },
  }).catch((error: { stdout?: string; stderr?: string }) =>
    assert.fail(`${error.stdout ?? ''}${error.stderr ?? ''}`),
  );
  assert.match(stdout, /ok errors/);
});
