import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startUpstream, type Upstream } from '../openai-upstream.ts';
import { pythonWithOpenai, pythonWithStudioSdk } from '../python-with-package.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { type RunnableBlock, runnableBlocks } from './runnable-blocks.ts';

const run = promisify(execFile);
const checkout = fileURLToPath(new URL('../../..', import.meta.url));

let stack: TestStack;
/** The engine that the guide connects. */
let vllm: Upstream;
/** Interpreters with the clients that examples use, by what their code imports. */
let pythons: { readonly openai: string; readonly yandex: string };
before(async () => {
  stack = await startTestStack();
  vllm = await startUpstream({ flavour: 'vllm', models: ['Qwen/Qwen3-8B'], key: 'token-abc123' });
  pythons = { openai: await pythonWithOpenai(), yandex: await pythonWithStudioSdk() };
});
after(async () => {
  await stack?.stop();
  await vllm?.die();
});

const pages = ['README.md', ...pagesIn('docs'), ...pagesIn('docs/guides')];
const blocks = pages.flatMap((page) => runnableBlocks(page, readFileSync(join(checkout, page), 'utf8')));

function pagesIn(folder: string): string[] {
  return readdirSync(join(checkout, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
}

test('the guides have examples that run', () => {
  assert.ok(blocks.length >= 8, `only ${blocks.length} blocks are marked to be run`);
});

for (const block of blocks) {
  test(`the example at ${block.page}:${block.line} does what it says`, async () => {
    const { stdout } = await runBlock(block);
    assert.notEqual(stdout.trim(), '', 'it printed nothing');
    assert.doesNotMatch(stdout, /"error":\s*\{/);
  });
}

async function runBlock(block: RunnableBlock): Promise<{ stdout: string }> {
  const [program, args] = commandOf(block);
  const options = { cwd: checkout, env: environment(), timeout: 120_000 };
  const running = run(program, args, options);
  // As in a terminal where nothing is typed.
  running.child.stdin?.end();
  try {
    return await running;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return assert.fail(`${stdout}${stderr}` || String(error));
  }
}

function commandOf(block: RunnableBlock): [string, string[]] {
  if (block.language === 'python') {
    const client = /^(import|from) yandex/m.test(block.code) ? 'yandex' : 'openai';
    return [pythons[client], ['-c', block.code]];
  }
  if (block.language === 'ts')
    return [process.execPath, ['--input-type=module-typescript', '--eval', block.code]];
  // As a reader would: any failing line fails the example. The address in the README is the default one.
  const code = block.code
    .replaceAll('http://127.0.0.1:8080', stack.url)
    .replaceAll('http://gpu-1:8000', vllm.url);
  return ['sh', ['-euc', code]];
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    SAMOVAR_DATA: stack.data,
    SAMOVAR_PORT: new URL(stack.url).port,
    SAMOVAR_GRPC_PORT: stack.grpcAddress.slice(stack.grpcAddress.lastIndexOf(':') + 1),
    SAMOVAR_URL: stack.url,
    SAMOVAR_API_KEY: stack.key,
  };
}
