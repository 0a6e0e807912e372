import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Agent, fetch } from 'undici';
import { createTestAuthority } from '../certificates.ts';
import { folderWithPackage } from '../node-packages.ts';
import { pythonWithGrpcClients, pythonWithOpenai } from '../python-with-package.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { runScript } from './run-script.ts';
import { generatedClientScript, nodeSdkScript, stackVariables, studioSdkScript } from './scripts.ts';

const run = promisify(execFile);
const cli = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));

/** A stack whose certificate is signed by an authority that nobody else knows. */
const folder = mkdtempSync(join(tmpdir(), 'samovar-tls-'));
const authority = createTestAuthority();
const files = {
  SAMOVAR_TLS_CERT_FILE: join(folder, 'tls.crt'),
  SAMOVAR_TLS_KEY_FILE: join(folder, 'tls.key'),
  SAMOVAR_CA_FILE: join(folder, 'ca.pem'),
};
let stack: TestStack;
let trusting: Record<string, string>;
before(async () => {
  const { cert, key } = authority.issue('localhost', '127.0.0.1');
  writeFileSync(files.SAMOVAR_TLS_CERT_FILE, cert);
  writeFileSync(files.SAMOVAR_TLS_KEY_FILE, key);
  writeFileSync(files.SAMOVAR_CA_FILE, authority.cert);
  stack = await startTestStack(files);
  trusting = { ...stackVariables(stack), CA_FILE: files.SAMOVAR_CA_FILE };
});
after(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("the product's Node SDK, which speaks nothing but TLS, and a plain client of Node work with a private authority", async () => {
  const SDK_FOLDER = await folderWithPackage('@yandex-cloud/nodejs-sdk', '3.2.0');
  const output = await runScript(process.execPath, nodeSdkScript, { ...trusting, SDK_FOLDER });
  assert.match(output, /ok plainClient/);
});

test('the example of the guide for the Node SDK does what it says', async () => {
  const guide = readFileSync(new URL('../../../docs/guides/foundation-models.md', import.meta.url), 'utf8');
  const example = /```ts\n(import .*?)```/s.exec(guide)?.[1] ?? assert.fail('the guide has no example');
  const code = example.replace('ca.pem', files.SAMOVAR_CA_FILE).replace('localhost:17004', stack.grpcAddress);
  const { stdout } = await run(process.execPath, ['--input-type=module-typescript', '--eval', code], {
    cwd: await folderWithPackage('@yandex-cloud/nodejs-sdk', '3.2.0'),
    env: { ...process.env, SAMOVAR_API_KEY: stack.key },
  });
  assert.notEqual(stdout.trim(), '');
});

test('the Python SDK and a generated client work with a private authority', async () => {
  const python = await pythonWithGrpcClients();
  const some = 'completions streams deferred chat identities errors';
  assert.match(await runScript(python, studioSdkScript, { ...trusting, ONLY: some }), /ok errors/);
  const calls = 'stream_of_growing_texts operation addresses health generic_client';
  assert.match(
    await runScript(python, generatedClientScript, { ...trusting, ONLY: calls }),
    /ok generic_client/,
  );
});

test('REST and the OpenAI-compatible API answer on the same port under TLS, to nobody who does not trust it', async () => {
  const dispatcher = new Agent({ connect: { ca: authority.cert } });
  const headers = { authorization: `Api-Key ${stack.key}`, 'content-type': 'application/json' };
  const message = { role: 'user', text: 'Hi' };
  const body = { modelUri: 'gpt://0/chat-default', messages: [message], completionOptions: { maxTokens: 2 } };
  const completion = await fetch(`${stack.url}/foundationModels/v1/completion`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
    dispatcher,
  });
  assert.equal(completion.status, 200);
  const { result } = (await completion.json()) as { result: { alternatives: unknown[] } };
  assert.equal(result.alternatives.length, 1);
  assert.equal((await fetch(`${stack.url}/v1/models`, { headers, dispatcher })).status, 200);
  await assert.rejects(fetch(`${stack.url}/v1/models`, { headers }));
  const plain = await fetch(stack.url.replace('https:', 'http:'));
  assert.equal(plain.status, 400);
  assert.match(await plain.text(), /request\.tls_required/);
  await dispatcher.close();
});

test('the CLI speaks to its own server by the certificate that is set, whatever name it has', async () => {
  const { SAMOVAR_CA_FILE: _unused, ...pair } = files;
  const environment = { ...process.env, ...pair, SAMOVAR_DATA: stack.data };
  const samovar = async (...words: string[]): Promise<string> =>
    (await run(process.execPath, [cli, ...words], { env: environment })).stdout;
  assert.ok((await samovar('status')).includes(stack.url));
  assert.match(await samovar('models'), /smollm2/);
  assert.ok((await samovar('ask', '--max-tokens', '3', 'Say hello.')).length > 0);
});

test('the general Python SDK finds the services and calls them', async () => {
  const code = `import os, yandexcloud
from yandex.cloud.ai.foundation_models.v1.text_generation.text_generation_service_pb2 import TokenizeRequest
from yandex.cloud.ai.foundation_models.v1.text_generation.text_generation_service_pb2_grpc import TokenizerServiceStub
roots = open(os.environ["CA_FILE"], "rb").read()
sdk = yandexcloud.SDK(iam_token=os.environ["API_KEY"], endpoint=os.environ["GRPC"], root_certificates=roots)
print(len(sdk.client(TokenizerServiceStub).Tokenize(TokenizeRequest(model_uri="gpt://0/chat-default", text="tea")).tokens))`;
  const { stdout } = await run(await pythonWithGrpcClients(), ['-c', code], {
    env: { ...process.env, ...trusting },
  });
  assert.ok(Number(stdout) > 0, stdout);
});

test('clients are given the authority by the variables that the documentation names', async () => {
  const ca = files.SAMOVAR_CA_FILE;
  const output = async (program: string, words: string[], environment: Record<string, string>) =>
    (await run(program, words, { env: { ...process.env, ...environment } })).stdout.trim();
  const remote = { SAMOVAR_DATA: folder, SAMOVAR_PUBLIC_URL: stack.url, SAMOVAR_API_KEY: stack.key };
  assert.match(
    await output(process.execPath, [cli, 'models'], { ...remote, SAMOVAR_CA_FILE: ca }),
    /smollm2/,
  );
  await assert.rejects(output(process.execPath, [cli, 'models'], remote), /certificate/);
  const code = `const answer = await fetch('${stack.url}/readyz'); console.log(answer.status);`;
  const node = ['--input-type=module', '--eval', code];
  assert.equal(await output(process.execPath, node, { NODE_EXTRA_CA_CERTS: ca }), '200');
  const openai = `from openai import OpenAI
client = OpenAI(base_url="${stack.url}/v1", api_key="${stack.key}")
print("chat-default" in [model.id for model in client.models.list()])`;
  assert.equal(await output(await pythonWithOpenai(), ['-c', openai], { SSL_CERT_FILE: ca }), 'True');
  const sdk = `from yandex_ai_studio_sdk import AIStudio
sdk = AIStudio(folder_id="0", endpoint="${stack.grpcAddress}", auth="${stack.key}")
print(len(sdk.models.completions("chat-default").tokenize("tea")) > 0)`;
  const roots = { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: ca };
  assert.equal(await output(await pythonWithGrpcClients(), ['-c', sdk], roots), 'True');
});
