import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { startS3Server } from '../../../test/s3-server.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { createFolderStore } from '../object-store/folder-store.ts';
import { createS3Store } from '../object-store/s3-store.ts';
import { createFilePlacer } from './file-placer.ts';
import { readMachineLimits } from './machine-limits.ts';
import { removeWorkerSockets } from './remove-worker-sockets.ts';
import { addressOf } from './worker-address.ts';

const folder = mkdtempSync(join(tmpdir(), 'samovar-runner-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a socket lies in the run folder, or in a private short one where that lies too deep', async () => {
  const runFolder = join(folder, 'run');
  const near = await addressOf('0198aaaa-0000-7000-8000-0123456789ab', { workerListen: 'unix', runFolder });
  assert.equal(dirname(near.socketPath ?? ''), runFolder);
  const deep = join(folder, 'a'.repeat(120));
  const short = await addressOf('0198aaaa-0000-7000-8000-0123456789ab', {
    workerListen: 'unix',
    runFolder: deep,
  });
  const path = short.socketPath ?? '';
  assert.ok(Buffer.byteLength(path) <= 100, path);
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
  assert.equal(short.address, `unix:${path}`);
  for (const socket of [near.socketPath ?? '', path]) writeFileSync(socket, '');
  writeFileSync(join(runFolder, 'supervisor.json'), '{}');
  removeWorkerSockets(runFolder);
  removeWorkerSockets(deep);
  assert.deepEqual(
    readdirSync(runFolder),
    ['supervisor.json'],
    'what a killed worker left is removed, and nothing else',
  );
  assert.deepEqual(readdirSync(dirname(path)), []);
  removeWorkerSockets(join(folder, 'none'));
  rmSync(dirname(path), { recursive: true });
});

test('on TCP each worker gets a free port of the address given', async () => {
  const tcp = await addressOf('any', { workerListen: '127.0.0.1', runFolder: folder });
  assert.match(tcp.listen, /^tcp:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(tcp.address, tcp.listen.replace('tcp:', 'http:'));
});

test('the limits of a container count where they are tighter than the machine', () => {
  const root = join(folder, 'cgroup');
  mkdirSync(root);
  writeFileSync(join(root, 'memory.max'), '1048576\n');
  writeFileSync(join(root, 'cpu.max'), '100000 100000\n');
  assert.deepEqual(readMachineLimits(root), { memoryBytes: 1_048_576, cores: 1 });
  writeFileSync(join(root, 'memory.max'), 'max\n');
  writeFileSync(join(root, 'cpu.max'), 'max 100000\n');
  assert.deepEqual(readMachineLimits(root), readMachineLimits(join(folder, 'nowhere')));
});

const bytes = Buffer.from('weights of a model');
const sha256 = createHash('sha256').update(bytes).digest('hex');
const file = { name: 'model.bin', objectKey: 'models/one', sizeBytes: bytes.length, sha256 };

test('files of a local object store are used where they lie', async () => {
  const root = join(folder, 'objects');
  const store = createFolderStore({ root, signingKey: Buffer.alloc(32), publicUrl: 'http://localhost' });
  await store.put(file.objectKey, bytes, bytes.length);
  const placer = createFilePlacer({
    store,
    cacheFolder: join(folder, 'unused-cache'),
    cacheBytes: null,
    log: silentLog,
  });
  const placed = await placer.place([file], [], new AbortController().signal);
  assert.equal(placed['model.bin'], join(root, 'models/one'));
  await assert.rejects(
    placer.place([{ ...file, sizeBytes: 1 }], [], new AbortController().signal),
    /missing or has the wrong size/,
  );
});

test('files of a remote object store are copied once, checked, and never left half written', async () => {
  const server = await startS3Server();
  try {
    const store = createS3Store({
      endpoint: server.endpoint,
      bucket: server.bucket,
      prefix: '',
      region: 'us-east-1',
      credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
      pathStyle: true,
      checksums: 'when-required',
      caFile: null,
    });
    const cache = join(folder, 'cache');
    const placer = createFilePlacer({ store, cacheFolder: cache, cacheBytes: null, log: silentLog });
    const { signal } = new AbortController();
    await store.put(file.objectKey, bytes, bytes.length);
    const placed = await placer.place([file], [], signal);
    assert.equal(placed['model.bin'], join(cache, sha256));
    assert.deepEqual(readFileSync(placed['model.bin'] ?? ''), bytes);
    await store.delete(file.objectKey);
    await placer.place([file], [], signal);
    const forged = { ...file, name: 'forged', objectKey: 'models/forged', sha256: '0'.repeat(64) };
    await store.put(forged.objectKey, bytes, bytes.length);
    await assert.rejects(placer.place([forged], [], signal), /its SHA-256 is/);
    assert.deepEqual(readdirSync(cache), [sha256]);
    store.close();
  } finally {
    await server.stop();
  }
});

test('a disk that cannot hold a file is told before the copy begins', async () => {
  const store = createFolderStore({
    root: join(folder, 'other'),
    signingKey: Buffer.alloc(32),
    publicUrl: 'http://localhost',
  });
  const cacheFolder = join(folder, 'full');
  const placer = createFilePlacer({
    store: { ...store, localPath: () => null },
    cacheFolder,
    cacheBytes: null,
    log: silentLog,
  });
  mkdirSync(cacheFolder);
  writeFileSync(join(cacheFolder, sha256), bytes);
  const huge = { ...file, sha256: '1'.repeat(64), sizeBytes: 2 ** 50 };
  await assert.rejects(placer.place([huge], [], new AbortController().signal), { code: 'setup.disk_full' });
  assert.deepEqual(readdirSync(cacheFolder), [sha256], 'nothing was given up for what cannot fit');
});
