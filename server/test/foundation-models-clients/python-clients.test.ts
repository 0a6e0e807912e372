import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pythonWithGrpcClients } from '../python-with-package.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { runScript } from './run-script.ts';
import { generatedClientScript, stackVariables, studioSdkScript } from './scripts.ts';

let stack: TestStack;
let python: string;
before(async () => {
  [stack, python] = await Promise.all([startTestStack(), pythonWithGrpcClients()]);
});
after(() => stack?.stop());

test("an application of the product's Python SDK works when its address is changed", async () => {
  assert.match(await runScript(python, studioSdkScript, stackVariables(stack)), /ok errors/);
});

test('a client generated from the contract calls every service, and one that only reflects finds them', async () => {
  assert.match(await runScript(python, generatedClientScript, stackVariables(stack)), /ok generic_client/);
});
