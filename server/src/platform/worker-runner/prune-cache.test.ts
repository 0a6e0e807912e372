import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLog } from '../../../test/silent-log.ts';
import { createFolderStore } from '../object-store/folder-store.ts';
import { createFilePlacer } from './file-placer.ts';
import { pruneCache } from './prune-cache.ts';

const root = mkdtempSync(join(tmpdir(), 'samovar-cache-'));
after(() => rmSync(root, { recursive: true, force: true }));

const [oldest, middle, newest] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [
  string,
  string,
  string,
];
const enough = { capBytes: null, minimumFreeBytes: 0 };

/** A cache of three files of 100 bytes, used one, two and three hours ago, and a file of somebody else. */
function filledCache(): string {
  const folder = mkdtempSync(join(root, 'cache-'));
  for (const [index, name] of [newest, middle, oldest].entries()) put(folder, name, index + 1);
  put(folder, 'README', 100);
  return folder;
}

function put(folder: string, name: string, hoursAgo: number): void {
  const path = join(folder, name);
  writeFileSync(path, Buffer.alloc(100));
  const at = Date.now() / 1000 - hoursAgo * 3600;
  utimesSync(path, at, at);
}

test('above its cap a cache gives up what was not used for longest, and no more than it must', async () => {
  const folder = filledCache();
  await pruneCache(folder, { ...enough, capBytes: 300 }, new Set(), 0);
  assert.deepEqual(readdirSync(folder).sort(), ['README', oldest, middle, newest].sort());
  const removed = await pruneCache(folder, { ...enough, capBytes: 300 }, new Set(), 50);
  assert.deepEqual(removed, [join(folder, oldest)]);
});

test('what is needed now stays, also above the cap; what the cache did not name stays too', async () => {
  const folder = filledCache();
  await pruneCache(folder, { ...enough, capBytes: 0 }, new Set([oldest]), 0);
  assert.deepEqual(readdirSync(folder).sort(), ['README', oldest].sort());
});

test('on a disk that is nearly full a cache gives up all that is not needed', async () => {
  const folder = filledCache();
  await pruneCache(folder, { ...enough, minimumFreeBytes: 2 ** 60 }, new Set([middle]), 0);
  assert.deepEqual(readdirSync(folder).sort(), ['README', middle].sort());
});

test('copies that a killed process left unfinished are removed, running ones are not', async () => {
  const folder = filledCache();
  const [dead, alive] = [`${oldest}.${randomUUID()}.part`, `${oldest}.${randomUUID()}.part`];
  put(folder, dead, 2);
  put(folder, alive, 0);
  await pruneCache(folder, enough, new Set(), 0);
  assert.ok(!readdirSync(folder).includes(dead) && readdirSync(folder).includes(alive));
});

test('placing a model makes room under the cap, sparing the models of other workers and what was used last', async () => {
  const store = createFolderStore({
    root: join(root, 'objects'),
    signingKey: Buffer.alloc(32),
    publicUrl: 'http://localhost',
  });
  const cacheFolder = join(root, 'placed');
  const placer = createFilePlacer({
    store: { ...store, localPath: () => null },
    cacheFolder,
    cacheBytes: 250,
    log: silentLog,
  });
  const { signal } = new AbortController();
  const [one, two, three, four] = await Promise.all([1, 2, 3, 4].map((fill) => stored(store, fill)));
  assert.ok(one && two && three && four);
  await placer.place([one], [], signal);
  await placer.place([two], [], signal);
  const earlier = Date.now() / 1000 - 60;
  utimesSync(join(cacheFolder, one.sha256), earlier - 60, earlier - 60);
  utimesSync(join(cacheFolder, two.sha256), earlier, earlier);
  await placer.place([one], [], signal);
  await placer.place([three], [], signal);
  assert.deepEqual(readdirSync(cacheFolder).sort(), [one.sha256, three.sha256].sort());
  await placer.place([four], [one], signal);
  assert.deepEqual(readdirSync(cacheFolder).sort(), [one.sha256, four.sha256].sort());
});

async function stored(store: ReturnType<typeof createFolderStore>, fill: number) {
  const bytes = Buffer.alloc(100, fill);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await store.put(`models/${fill}`, bytes, bytes.length);
  return { name: 'model.bin', objectKey: `models/${fill}`, sizeBytes: bytes.length, sha256 };
}
