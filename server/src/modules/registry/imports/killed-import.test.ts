import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createImportBed, type ImportBed, smallGguf } from '../../../../test/import-bed.ts';
import { getVersionFiles, modelFileKey } from '../index.ts';
import type { ImportRequest } from './import-request.ts';

const entry = fileURLToPath(new URL('../../../../test/import-process.ts', import.meta.url));
let bed: ImportBed;
const children = new Set<ChildProcess>();

before(async () => {
  bed = await createImportBed();
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await bed.stop();
});

/** A worker process of its own, and how it is ended without a word. */
function startWorker(request: ImportRequest): { kill(): Promise<void> } {
  const key = modelFileKey('0'.repeat(64));
  const objects = (bed.opened.store.localPath(key) ?? '').slice(0, -key.length - 1);
  const order = {
    url: bed.fresh.url,
    hub: { endpoint: bed.hub.endpoint, token: bed.hub.token },
    objects,
    downloadsFolder: bed.downloadsFolder,
    payload: {
      organizationId: request.organizationId,
      projectId: request.projectId,
      importId: request.id,
    },
  };
  const child = spawn(process.execPath, [entry, JSON.stringify(order)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.add(child);
  return {
    async kill() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      children.delete(child);
    },
  };
}

async function until(
  request: ImportRequest,
  reached: (now: ImportRequest) => boolean,
): Promise<ImportRequest> {
  for (let waits = 0; waits < 400; waits += 1) {
    const now = await bed.read(request);
    if (reached(now)) return now;
    assert.equal(now.failure, null);
    await sleep(25);
  }
  return assert.fail('the import did not come so far');
}

test('a worker killed while it downloads loses next to nothing: the next goes on and fetches only the rest', async () => {
  const weights = await smallGguf(60_000);
  bed.publish('maker/killed', { 'killed.gguf': weights });
  bed.hub.cdn.chunkPauseMs = 20;
  const asked = await bed.ask({ source: 'hf:maker/killed' });
  const worker = startWorker(asked);
  await until(asked, ({ progress }) => (progress?.doneBytes ?? 0) > weights.length / 3);
  await worker.kill();
  bed.hub.cdn.chunkPauseMs = 0;
  const left = await bed.read(asked);
  assert.equal(left.state, 'downloading');
  const before = bed.hub.cdn.requests.length;
  const done = await bed.run(asked, {}, 2);
  assert.deepEqual([done.failure, done.state, done.attempt], [null, 'ready', 2]);
  const asksOfTheRest = bed.hub.cdn.requests.slice(before).length;
  const asksOfAll = Math.ceil(weights.length / (64 * 1024));
  assert.ok(asksOfTheRest < asksOfAll * 0.75, `${asksOfTheRest} of ${asksOfAll} parts were asked for again`);
  const [file] = await getVersionFiles(bed.fresh.database, done.versionId ?? '');
  assert.equal(file?.sha256, createHash('sha256').update(weights).digest('hex'));
});

test('a worker killed while it stores, before or after a file is in the object store, loses and doubles nothing', async () => {
  for (const pauseMs of [300, 1_400]) {
    const weights = await smallGguf();
    const key = modelFileKey(createHash('sha256').update(weights).digest('hex'));
    bed.publish(`maker/stored-${pauseMs}`, { 'm.gguf': weights });
    const asked = await bed.ask({ source: `hf:maker/stored-${pauseMs}` });
    const worker = startWorker(asked);
    await until(asked, ({ state }) => state === 'storing');
    await sleep(pauseMs);
    await worker.kill();
    assert.equal((await bed.opened.store.head(key)) !== null, pauseMs > 1_000);
    assert.equal((await bed.read(asked)).state, 'storing');
    const before = bed.hub.cdn.requests.length;
    const done = await bed.run(asked, {}, 2);
    assert.deepEqual([done.failure, done.state], [null, 'ready']);
    assert.equal(bed.hub.cdn.requests.length, before, 'nothing is fetched again');
    assert.equal((await bed.opened.store.head(key))?.sizeBytes, weights.length);
    const { rows } = await bed.fresh.pool.query(
      'select count(*)::int from model_versions v join models m on m.id = v.model_id where m.name = $1',
      [asked.modelName],
    );
    assert.equal(rows[0]?.count, 1);
  }
});
