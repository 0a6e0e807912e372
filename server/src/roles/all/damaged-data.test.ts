import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { dataFolder } from '@samovar/contract/data-folder';
import { cleanUp, newDataFolder, startSupervised } from '../../../test/supervised-run.ts';

after(cleanUp);

const settings = { SAMOVAR_OUTBOUND_ALLOW: '127.0.0.1' };
const root = newDataFolder();
const data = dataFolder(root);

/** What a start says that does not come up. */
async function refusal(): Promise<string> {
  const run = startSupervised(root, settings);
  const started = await run.ready.then(
    () => true,
    () => false,
  );
  assert.equal(started, false);
  assert.equal(await run.ended, 1);
  return run.errorText();
}

async function startAndStop(work: (url: string) => Promise<void> = async () => undefined): Promise<void> {
  const run = startSupervised(root, settings);
  await run.ready;
  await work(run.record().url);
  run.child.kill('SIGTERM');
  assert.equal(await run.ended, 0);
}

async function connectEngine(url: string): Promise<void> {
  const answer = await call(url, 'POST', '/api/engines', {
    name: 'far',
    baseUrl: 'http://127.0.0.1:1',
    key: 'its-key',
  });
  assert.equal(answer.status, 201, await answer.text());
}

async function call(url: string, method: string, path: string, body?: object): Promise<Response> {
  return await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${readFileSync(data.firstKey, 'utf8').trim()}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
}

const oneSentence = (path: string, reason: string) =>
  new RegExp(`^The file ${path} of the data folder cannot be used: ${reason}.*\\.\\nPut it back .*\\n$`);

test('a lost master key is replaced while nothing is sealed, and from then on refused, until it is put back', async () => {
  await startAndStop();
  rmSync(data.masterKey);
  await startAndStop(connectEngine);

  renameSync(data.masterKey, `${data.masterKey}.aside`);
  assert.match(await refusal(), oneSentence(data.masterKey, 'it is gone, and credentials'));
  writeFileSync(data.masterKey, 'rubbish\n');
  assert.match(await refusal(), oneSentence(data.masterKey, 'it is no key'));
  renameSync(`${data.masterKey}.aside`, data.masterKey);
  await startAndStop();
});

test('without a backup a new master key starts it, and the engine is removed and connected again', async () => {
  writeFileSync(data.masterKey, `${randomBytes(32).toString('base64')}\n`);
  await startAndStop(async (url) => {
    assert.equal((await call(url, 'DELETE', '/api/engines/far')).status, 200);
    await connectEngine(url);
  });
});

test('a lost password and a release that is rubbish are named, and put back they serve again', async () => {
  for (const [path, rubbish, reason] of [
    [join(root, 'postgres-password'), null, 'it is gone'],
    [join(root, 'postgres-password'), '\n', 'it is empty'],
    [data.release, 'rubbish', 'it does not say'],
    [data.release, '[]', 'it does not say'],
  ] as const) {
    const kept = readFileSync(path, 'utf8');
    if (rubbish === null) rmSync(path);
    else writeFileSync(path, rubbish);
    assert.match(await refusal(), oneSentence(path, reason));
    writeFileSync(path, kept, { mode: 0o600 });
  }
  await startAndStop();
});
