import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonWithStudioSdk } from '../../python-with-package.ts';
import { startTestStack, type TestStack } from '../../stack.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./python/check_studio_sdk.py', import.meta.url));

let stack: TestStack;
before(async () => {
  stack = await startTestStack();
});
after(() => stack?.stop());

test('the official Python SDK finds the services and is content with every answer', async () => {
  const python = await pythonWithStudioSdk();
  const { stdout } = await run(python, [script], {
    env: { ...process.env, GRPC_ADDRESS: stack.grpcAddress, API_KEY: stack.key },
  }).catch((error: { stdout?: string; stderr?: string }) =>
    assert.fail(`${error.stdout ?? ''}${error.stderr ?? ''}`),
  );
  assert.match(stdout, /ok errors/);
});
