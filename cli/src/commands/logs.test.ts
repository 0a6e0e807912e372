import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { dataFolder } from '@samovar/contract/data-folder';
import { newDataFolder, runSamovar, startSamovar } from '../../test/run-samovar.ts';

const data = newDataFolder();
const { logs } = dataFolder(data);

before(() => {
  mkdirSync(logs, { recursive: true });
  writeFileSync(join(logs, 'api.log'), '{"level":"info","message":"it listens"}\n');
  writeFileSync(join(logs, 'postgres.log'), 'LOG:  ready\n[1]\n');
});
after(() => rmSync(dirname(data), { recursive: true, force: true }));

const api = { process: 'api', level: 'info', message: 'it listens' };

test('logs print what the processes wrote, and --json an object for each line, with its process', async () => {
  const plain = await runSamovar(data, ['logs']);
  assert.match(plain.out, /^api +\{.*\}\npostgres +LOG: {2}ready\npostgres +\[1\]\n$/);
  const { status, out } = await runSamovar(data, ['logs', '--json']);
  assert.equal(status, 0);
  const written = out.trimEnd().split('\n');
  assert.deepEqual(
    written.map((line) => JSON.parse(line)),
    [api, { process: 'postgres', message: 'LOG:  ready' }, { process: 'postgres', message: '[1]' }],
  );
  assert.deepEqual(JSON.parse((await runSamovar(data, ['logs', 'api', '--json'])).out), api);
});

test('what is followed is an object for each line, too', async () => {
  const following = startSamovar(data, ['logs', 'api', '--json', '--follow', '--lines', '0']);
  const told = following.shows('"process":"api"');
  // Lines from before its start are not followed, so it is written until one is seen.
  const writing = setInterval(() => writeFileSync(join(logs, 'api.log'), 'late\n', { flag: 'a' }), 100);
  try {
    assert.match(await told, /^\{"process":"api","message":"late"\}\n/);
  } finally {
    clearInterval(writing);
    following.child.kill();
    await following.finished;
  }
});
