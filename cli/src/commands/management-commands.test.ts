import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { type ConsoleServer, startConsoleServer } from '../../../server/test/console-server.ts';
import { makeOperation } from '../../../server/test/made-operation.ts';
import { sampleUsage } from '../../../server/test/sample-usage.ts';
import { newDataFolder, runSamovar } from '../../test/run-samovar.ts';

let server: ConsoleServer;
let data: string;
let key: string;

before(async () => {
  data = newDataFolder();
  server = await startConsoleServer();
  const admin = await server.addKey(defaultScope);
  key = admin.secret;
  await server.addUsage(sampleUsage({ keyId: admin.keyId, inputTokens: 1234 }));
});
after(async () => {
  await server.stop();
  rmSync(dirname(data), { recursive: true, force: true });
});

async function samovar(words: readonly string[], settings: Record<string, string> = {}) {
  await server.refresh();
  return await runSamovar(data, words, {
    SAMOVAR_PUBLIC_URL: server.url,
    SAMOVAR_API_KEY: key,
    ...settings,
  });
}

test('keys are created, listed and revoked, and only the secret is on the standard output', async () => {
  const created = await samovar([
    'keys',
    'create',
    '--name',
    'cli',
    '--permission',
    'keys.read,models.read',
    '--rpm',
    '5',
    '--expires',
    '30d',
  ]);
  assert.equal(created.status, 0, created.err);
  assert.match(created.out, /^smv_[0-9A-Za-z]{43}\n$/);
  const listed = await samovar(['keys', 'list'], { SAMOVAR_API_KEY: created.out.trim() });
  assert.match(listed.out, /cli +smv_.{4}… +valid +keys\.read,models\.read +5 rpm/);
  const refused = await samovar(['keys', 'create', '--name', 'x'], { SAMOVAR_API_KEY: created.out.trim() });
  assert.equal(refused.status, 4);
  assert.match(refused.err, /lacks the permission keys\.manage/);
  const revoked = await samovar(['keys', 'revoke', 'cli', '--json']);
  assert.equal(JSON.parse(revoked.out).state, 'revoked');
  const after = await samovar(['keys', 'list'], { SAMOVAR_API_KEY: created.out.trim() });
  assert.equal(after.status, 4);
});

test('the last managing key is kept until forced', async () => {
  const kept = await samovar(['keys', 'revoke', key]);
  assert.equal(kept.status, 1);
  assert.match(kept.err, /last valid key/);
});

test('usage is printed as a table with its total, and as JSON', async () => {
  const table = await samovar(['usage', '--by', 'model']);
  assert.match(table.out, /^model .*\nsmollm2-135m-instruct +1 +0 +1234 [\s\S]*\ntotal +1 +0 +1234/);
  const json = await samovar(['usage', '--json']);
  assert.equal(JSON.parse(json.out).totals.inputTokens, 1234);
  const none = await samovar(['usage', '--from', '2001-01-01', '--to', '2001-01-02']);
  assert.match(none.out, /Nothing was used/);
  assert.equal((await samovar(['usage', '--by', 'moon'])).status, 2);
});

test('models are listed with their state, loaded and unloaded', async () => {
  const listed = await samovar(['models']);
  assert.match(listed.out, new RegExp(`${server.modelName} +chat +unloaded`));
  const loaded = await samovar(['models', 'load', server.modelName, '--keep', '--json']);
  assert.equal(JSON.parse(loaded.out).deployment.residency, 'always');
  const unloaded = await samovar(['models', 'unload', server.modelName, '--json']);
  assert.equal(JSON.parse(unloaded.out).deployment.residency, 'on-demand');
  const unknown = await samovar(['models', 'load', 'none']);
  assert.equal(unknown.status, 1);
  assert.match(unknown.err, /model `none` does not exist/);
});

test('the files of a model are asked for by name', async () => {
  const there = await samovar(['models', 'import', server.modelName]);
  assert.equal(there.out, `${server.modelName}: its files are here.\n`, there.err);
  await server.store.pool.query("update model_versions set state = 'failed'");
  try {
    const asked = await samovar(['models', 'import', server.modelName]);
    assert.match(asked.out, new RegExp(`^${server.modelName}: its files are being fetched; `));
    const refused = await samovar(['models', 'load', server.modelName]);
    assert.equal(refused.status, 1);
    assert.match(refused.err, new RegExp(`samovar models import ${server.modelName}`));
  } finally {
    await server.store.pool.query("update model_versions set state = 'ready'");
  }
});

test('config shows every setting with its source, secrets masked, without a server', async () => {
  const file = join(dirname(data), 'samovar.yaml');
  writeFileSync(file, 'engine:\n  parallel: 7\n');
  const settings = {
    SAMOVAR_PUBLIC_URL: '',
    SAMOVAR_CONFIG_FILE: file,
    SAMOVAR_MASTER_KEY: 'c2VjcmV0',
  };
  const shown = await samovar(['config', '--host', '0.0.0.0', '--s3-bucket', 'models'], settings);
  assert.equal(shown.status, 0, shown.err);
  assert.match(shown.out, /SAMOVAR_HOST +host +0\.0\.0\.0 +flag/);
  assert.match(shown.out, /SAMOVAR_S3_BUCKET +s3\.bucket +models +flag/);
  assert.match(shown.out, /SAMOVAR_ENGINE_PARALLEL +engine\.parallel +7 +file/);
  assert.match(shown.out, /SAMOVAR_MASTER_KEY +masterKey +\*{8} +environment/);
  assert.ok(!shown.out.includes('c2VjcmV0'));
  const faulty = await samovar(['config', '--json'], { ...settings, SAMOVAR_DRAIN_SECONDS: 'soon' });
  assert.equal(faulty.status, 1);
  assert.match(faulty.err, /SAMOVAR_DRAIN_SECONDS from the environment is not valid/);
  assert.equal(JSON.parse(faulty.out).problems.length, 1);
});

test('config get prints one value and nothing else, by each of its names', async () => {
  for (const name of ['data', 'SAMOVAR_DATA'])
    assert.deepEqual(await samovar(['config', 'get', name]), { status: 0, out: `${data}\n`, err: '' });
  for (const name of ['drainSeconds', 'SAMOVAR_DRAIN_SECONDS'])
    assert.equal((await samovar(['config', 'get', name], { SAMOVAR_DRAIN_SECONDS: '7' })).out, '7\n', name);
  const url = { SAMOVAR_POSTGRES_URL: 'postgres://db.test/samovar' };
  const byName = await samovar(['config', 'get', 'postgresUrl'], url);
  assert.deepEqual(byName, await samovar(['config', 'get', 'SAMOVAR_POSTGRES_URL'], url));
  assert.equal(byName.status, 0);
  const flagged = await samovar(['config', 'get', 'host', '--host', '0.0.0.0', '--json']);
  assert.deepEqual([JSON.parse(flagged.out).value, JSON.parse(flagged.out).source], ['0.0.0.0', 'flag']);
  const secret = await samovar(['config', 'get', 'masterKey'], { SAMOVAR_MASTER_KEY: 'c2VjcmV0' });
  assert.equal(secret.out, '********\n');
  const unset = await samovar(['config', 'get', 'caFile'], { SAMOVAR_CA_FILE: '' });
  assert.deepEqual([unset.status, unset.out], [1, '']);
  assert.equal((await samovar(['config', 'get', 'moon'])).status, 2);
});

test('without a server commands say so with status 3, and help helps where words are missing', async () => {
  const away = await samovar(['usage'], { SAMOVAR_PUBLIC_URL: 'http://127.0.0.1:1' });
  assert.equal(away.status, 3);
  assert.match(away.err, /samovar up/);
  const create = await samovar(['help', 'keys', 'create']);
  assert.match(create.out, /Usage: samovar keys create/);
  const incomplete = await samovar(['keys', 'create']);
  assert.equal(incomplete.status, 2);
  assert.match(incomplete.err, /--name.*\n.*samovar help keys/s);
});

test('something else at the address is told from Samovar, without a stack', async (context) => {
  const other = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1');
  context.after(() => {
    other.close();
    other.closeAllConnections();
  });
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  for (const words of [['models'], ['ask', 'Hi'], ['chat']]) {
    const asked = await samovar(words, { SAMOVAR_PUBLIC_URL: `http://127.0.0.1:${port}` });
    assert.equal(asked.status, 1);
    assert.match(asked.err, /not as Samovar does\.\n.*SAMOVAR_PUBLIC_URL/, words[0]);
  }
  const noName = await samovar(['models'], { SAMOVAR_PUBLIC_URL: 'http://nowhere.invalid' });
  assert.equal(noName.status, 3);
  assert.match(noName.err, /does not answer at http:\/\/nowhere\.invalid: .+/);
});

test('operations are listed, shown, waited for and cancelled', async () => {
  const id = (await makeOperation(server.store.database, defaultScope)).replaceAll('-', '');
  const listed = await samovar(['operations', 'list', '--state', 'created']);
  assert.match(listed.out, new RegExp(`op_${id} +completion +created`));
  const tooLong = await samovar(['operations', 'wait', `op_${id}`, '--timeout', '1']);
  assert.equal(tooLong.status, 1);
  assert.match(tooLong.out, /state +created/);
  const cancelled = await samovar(['operations', 'cancel', `op_${id}`]);
  assert.equal(cancelled.out, `op_${id}: cancelled.\n`);
  const shown = await samovar(['operations', 'show', `op_${id}`]);
  for (const [state, reported, words] of [
    ['running', { done: 12, total: 50 }, '24 %, 12 of at most 50 tokens'],
    ['running', null, ''],
    ['done', { done: 12, total: 50 }, '100 %, 12 tokens'],
  ] as const) {
    const other = await makeOperation(server.store.database, defaultScope);
    const values = [other, state, reported && JSON.stringify(reported)];
    await server.store.pool.query('update operations set state = $2, progress = $3 where id = $1', values);
    assert.match(
      (await samovar(['operations', 'show', other])).out,
      new RegExp(`progress *${words && `  ${words}`}\n`),
    );
  }
  assert.match(shown.out, /model +chat-default\nerror +The operation was cancelled/);
  assert.equal(JSON.parse((await samovar(['operations', 'wait', id, '--json'])).out).state, 'cancelled');
  const none = await samovar(['operations', 'show', 'op_none']);
  assert.match(none.err, /no operation `op_none`/);
});

test('a model gets another name and loses it', async () => {
  const set = await samovar(['models', 'alias', 'yandexgpt/rc', server.modelName]);
  assert.equal(set.out, `${server.modelName} is now also called yandexgpt/rc.\n`, set.err);
  assert.match((await samovar(['models'])).out, /yandexgpt\/rc/);
  const gone = await samovar(['models', 'alias', '--remove', 'yandexgpt/rc']);
  assert.equal(gone.out, `${server.modelName} is no longer called yandexgpt/rc.\n`, gone.err);
  const wrong = await samovar(['models', 'alias', 'yandexgpt']);
  assert.match(wrong.err, /Name a model, or say `--remove`/);
});
