import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { createImportBed, type ImportBed, smallGguf, testContext } from '../../../../test/import-bed.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { newId } from '../../../kernel/ids.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import { modelFileKey } from '../get-version-files.ts';
import { publishVersion } from '../publish-version.ts';
import { claimObjects, releaseObjects } from './claim-objects.ts';
import { type CollectedObjects, collectObjects } from './collect-objects.ts';

const signal = AbortSignal.timeout(60_000);
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');
let bed: ImportBed;

before(async () => {
  bed = await createImportBed();
});
after(() => bed.stop());
beforeEach(async () => {
  await bed.fresh.pool.query('delete from model_object_claims');
  await bed.fresh.pool.query('delete from model_objects');
});

async function put(data: Buffer = randomBytes(1000)): Promise<string> {
  await bed.opened.store.put(modelFileKey(sha256(data)), data, data.length);
  return sha256(data);
}

async function isThere(digest: string): Promise<boolean> {
  return (await bed.opened.store.head(modelFileKey(digest))) !== null;
}

function collect(
  graceHours: number,
  changes: { dryRun?: boolean; objectStore?: ObjectStore; clock?: Clock } = {},
): Promise<CollectedObjects> {
  const { database, objectStore, log } = { ...bed.dependencies, ...changes };
  return collectObjects(
    { database, objectStore, log, graceHours, ...(changes.clock && { clock: changes.clock }) },
    { dryRun: changes.dryRun ?? false, signal },
  );
}

/** As if so much time had passed since the file was first seen without a user. */
async function age(hours: number): Promise<void> {
  await bed.fresh.pool.query(
    'update model_objects set unreferenced_since = unreferenced_since - make_interval(hours => $1)',
    [hours],
  );
}

test('a file of no model goes when its grace is over, no sooner, and one of a model never', async () => {
  bed.publish('maker/kept', { 'm.gguf': await smallGguf() });
  const kept = await bed.run(await bed.ask({ source: 'hf:maker/kept' }));
  const keptDigest = kept.fetched?.[0]?.sha256 ?? '';
  const stray = await put();
  const dry = await collect(24, { dryRun: true });
  assert.deepEqual([dry.unreferencedFiles, dry.removedFiles], [1, 0]);
  assert.equal((await collect(24)).removedFiles, 0);
  await age(23);
  assert.equal((await collect(24)).removedFiles, 0);
  await age(2);
  const due = await collect(24, { dryRun: true });
  assert.deepEqual([due.removedFiles, due.removedBytes], [1, 1000]);
  assert.ok(await isThere(stray), 'a dry run removes nothing');
  assert.deepEqual((await collect(24)).removedFiles, 1);
  assert.deepEqual([await isThere(stray), await isThere(keptDigest)], [false, true]);
  assert.equal((await collect(0)).removedFiles, 0);
  assert.ok(await isThere(keptDigest));
});

test('a file that an import has claimed stays, and goes once nobody wants it', async () => {
  const digest = await put();
  const holder = newId();
  await claimObjects(bed.fresh.database, holder, [digest], signal);
  assert.equal((await collect(0)).removedFiles, 0);
  await releaseObjects(bed.fresh.database, holder);
  assert.equal((await collect(0)).removedFiles, 1);
  assert.equal(await isThere(digest), false);
});

test('whoever wants a file that is being removed waits, finds it gone, and puts it there anew', async () => {
  const data = randomBytes(1000);
  const digest = await put(data);
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const slow: ObjectStore = {
    ...bed.opened.store,
    async delete(key) {
      reached.resolve();
      await goOn.promise;
      await bed.opened.store.delete(key);
    },
  };
  const collecting = collect(0, { objectStore: slow });
  await reached.promise;
  let claimed = false;
  const claiming = claimObjects(bed.fresh.database, newId(), [digest], signal).then(() => {
    claimed = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.equal(claimed, false, 'it is not found while it is being removed');
  goOn.resolve();
  await collecting;
  await claiming;
  assert.equal(await isThere(digest), false);
  await put(data);
  assert.equal((await collect(0)).removedFiles, 0);
  assert.ok(await isThere(digest));
});

test('a version is not made of a file that is being removed, and a removal that was lost holds nobody up for long', async () => {
  const digest = await put();
  await bed.fresh.pool.query('insert into model_objects (sha256, deleting_since) values ($1, now())', [
    digest,
  ]);
  bed.publish('maker/base', { 'm.gguf': await smallGguf() });
  const base = await bed.run(await bed.ask({ source: 'hf:maker/base' }));
  const { rows } = await bed.fresh.pool.query('select manifest from model_versions where id = $1', [
    base.versionId,
  ]);
  const manifest = {
    ...rows[0]?.manifest,
    name: 'late',
    files: [{ ...rows[0]?.manifest.files[0], sha256: digest, sizeBytes: 1000 }],
  };
  const publish = () =>
    bed.fresh.database
      .transaction()
      .execute((transaction) =>
        publishVersion(transaction, bed.dependencies.configVersion, testContext, manifest),
      );
  await assert.rejects(publish(), { code: 'registry.file_busy' });
  await bed.fresh.pool.query("update model_objects set deleting_since = now() - interval '11 minutes'");
  assert.equal((await publish()).changed, true);
  await collect(0);
  assert.ok(await isThere(digest));
});

test('a collector that was held up after its decision removes nothing, and decides anew when that is out of date', async () => {
  const digest = await put();
  let now = 0;
  const late = { now: () => (now += 6 * 60_000) };
  assert.equal((await collect(0, { clock: late })).removedFiles, 0);
  assert.ok(await isThere(digest), 'somebody may have claimed it meanwhile');
  assert.equal((await collect(0)).removedFiles, 0, 'another may be at it still');
  await bed.fresh.pool.query("update model_objects set deleting_since = deleting_since - interval '1 hour'");
  assert.equal((await collect(0)).removedFiles, 1);
  assert.equal(await isThere(digest), false);
});

test('imports and collections that run at once leave every model whole', async () => {
  const weights = await Promise.all([1, 2, 3, 4].map(() => smallGguf()));
  for (const [index, data] of weights.entries()) {
    await put(data);
    bed.publish(`maker/many-${index}`, { 'm.gguf': data });
  }
  const requests = await Promise.all(
    weights.map((_, index) => bed.ask({ source: `hf:maker/many-${index}` })),
  );
  const stopped = new AbortController();
  const collecting = (async () => {
    while (!stopped.signal.aborted) await collect(0);
  })();
  const done = await Promise.all(requests.map((request) => bed.run(request)));
  stopped.abort();
  await collecting;
  await collect(0);
  for (const request of done) {
    assert.deepEqual([request.state, request.failure], ['ready', null]);
    assert.ok(await isThere(request.fetched?.[0]?.sha256 ?? ''));
  }
});
