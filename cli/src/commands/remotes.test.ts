import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Upstream } from '../../../server/test/openai-upstream.ts';
import { type RemoteFixture, startRemoteFixture } from '../../../server/test/remote-fixture.ts';
import { newDataFolder, runSamovar } from '../../test/run-samovar.ts';

let fixture: RemoteFixture;
let vllm: Upstream;
let data: string;

before(async () => {
  data = newDataFolder();
  fixture = await startRemoteFixture();
  vllm = await fixture.upstream({ flavour: 'vllm', models: ['Qwen/Qwen3-8B'], key: 'up-secret' });
});
after(async () => {
  await fixture.stop();
  rmSync(dirname(data), { recursive: true, force: true });
});

const samovar = (...words: string[]) =>
  runSamovar(data, words, { SAMOVAR_PUBLIC_URL: fixture.url, SAMOVAR_API_KEY: fixture.key });

test('an engine is connected with its key from a file, shown, changed, and forgotten', async () => {
  assert.match((await samovar('remotes')).out, /No engine is connected/);
  const keyFile = join(dirname(data), 'engine-key');
  writeFileSync(keyFile, 'up-secret\n');
  const added = await samovar(
    'remotes',
    'add',
    'gpu-1',
    vllm.url,
    '--key-file',
    keyFile,
    '--model',
    'Qwen/Qwen3-8B=qwen',
    '--parallel',
    '7',
  );
  assert.equal(added.status, 0, added.err);
  assert.match(
    added.out,
    /gpu-1: healthy\nvllm 0\.33\.0 at http:\/\/127\.0\.0\.1:\d+, with a key\n7 requests at a time/,
  );
  assert.match(
    added.out,
    /qwen +Qwen\/Qwen3-8B +chat +32768 +chat, completions, tools, json-schema, logprobs/,
  );
  assert.ok(!`${added.out}${added.err}`.includes('up-secret'));
  assert.match((await samovar('remotes', 'list')).out, /gpu-1 +healthy +vllm 0\.33\.0 +http.* +qwen +7/);
  const set = await samovar('remotes', 'set', 'gpu-1', '--parallel', '3', '--idle-seconds', '5', '--json');
  assert.deepEqual(JSON.parse(set.out).limits, { parallelRequests: 3, queuedRequests: 64 });
  const adapter = await samovar('remotes', 'adapter', 'gpu-1', 'tone', '/adapters/tone');
  assert.match(adapter.out, /adapter tone from \/adapters\/tone: loaded/);
  assert.equal((await samovar('remotes', 'adapter', 'gpu-1', 'tone', '--unload')).status, 0);
  assert.equal(vllm.adapters.size, 0);
  assert.equal((await samovar('remotes', 'show', 'nobody')).status, 1);
  const removed = await samovar('remotes', 'remove', 'gpu-1');
  assert.match(removed.out, /forgotten/);
  assert.match(removed.out, /No engine serves qwen any more; `samovar models delete qwen` deletes it/);
});

test('what cannot be meant is refused before anything is sent', async () => {
  assert.equal((await samovar('remotes', 'add', 'x', vllm.url, '--model', 'a=')).status, 2);
  assert.equal((await samovar('remotes', 'add', 'x', vllm.url, '--key-file', '/nowhere')).status, 2);
  assert.equal((await samovar('remotes', 'add', 'x', vllm.url, '--context', 'a=5')).status, 2);
  assert.match((await samovar('remotes', 'set', 'x')).err, /Nothing is to be changed/);
  assert.match((await samovar('remotes', 'adapter', 'x', 'y')).err, /--unload/);
});

test('an engine that does not answer is connected all the same, and the command says so', async () => {
  const away = await samovar('remotes', 'add', 'away', 'http://127.0.0.1:9');
  assert.equal(away.status, 1);
  assert.match(away.err, /away does not answer: it cannot be reached/);
});
