import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { startCuttableProxy } from '../../../test/cuttable-proxy.ts';
import { startS3Server, type TestS3Server } from '../../../test/s3-server.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { ObjectStore } from '../../kernel/ports/object-store.ts';
import { createFolderStore } from './folder-store.ts';
import { createS3Store, type S3StoreOptions } from './s3-store.ts';

let folder: string;
let server: TestS3Server;
const stores: Record<string, ObjectStore> = {};

function s3Options(): S3StoreOptions {
  return {
    endpoint: server.endpoint,
    bucket: server.bucket,
    prefix: 'installation/',
    region: 'us-east-1',
    credentials: server,
    pathStyle: true,
    checksums: 'when-required',
    caFile: null,
  };
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-objects-'));
  server = await startS3Server();
  stores.folder = createFolderStore({
    root: join(folder, 'objects'),
    signingKey: randomBytes(32),
    publicUrl: 'http://127.0.0.1:8080',
  });
  stores.s3 = createS3Store(s3Options());
});

after(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function read(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function* pieces(data: Buffer): Generator<Buffer> {
  for (let at = 0; at < data.length; at += 65_536) yield data.subarray(at, at + 65_536);
}

for (const kind of ['folder', 's3']) {
  describe(`the ${kind} store`, () => {
    const store = (): ObjectStore => {
      const found = stores[kind];
      assert.ok(found);
      return found;
    };

    test('passes its own check', async () => {
      await store().check();
    });

    test('gives back what was put, from any offset', async () => {
      const data = randomBytes(200_000);
      await store().put('models/sha256/ab/abcd', data, data.length);
      assert.deepEqual(await read(await store().get('models/sha256/ab/abcd')), data);
      assert.deepEqual(
        await read(await store().get('models/sha256/ab/abcd', 150_000)),
        data.subarray(150_000),
      );
    });

    test('takes large streams in parts', async () => {
      const data = randomBytes(20 * 1024 * 1024 + 17);
      await store().put('large/one', Readable.from(pieces(data)), data.length);
      assert.deepEqual(await store().head('large/one'), { key: 'large/one', sizeBytes: data.length });
      assert.ok((await read(await store().get('large/one'))).equals(data));
    });

    test('shows nothing of a body that is cut off, too short or too long', async () => {
      const broken = Readable.from(
        (function* () {
          yield randomBytes(10 * 1024 * 1024);
          throw new Error('the network went away');
        })(),
      );
      await assert.rejects(store().put('broken/one', broken, 20 * 1024 * 1024), /network went away/);
      await assert.rejects(store().put('broken/two', randomBytes(10), 11), /10 of the announced 11/);
      await assert.rejects(store().put('broken/three', randomBytes(12), 11), /larger than the announced 11/);
      for (const key of ['broken/one', 'broken/two', 'broken/three'])
        assert.equal(await store().head(key), null);
    });

    test('takes a file of this machine over, whole or not at all', async () => {
      const path = join(folder, 'adopted');
      await writeFile(path, randomBytes(1000));
      await assert.rejects(store().adopt('adopted/cut', path, 1001));
      assert.equal(await store().head('adopted/cut'), null);
      await store().adopt('adopted/one', path, 1000);
      assert.deepEqual(await store().head('adopted/one'), { key: 'adopted/one', sizeBytes: 1000 });
    });

    test('replaces an object as a whole', async () => {
      await store().put('same', Buffer.from('first'), 5);
      await store().put('same', Buffer.from('second'), 6);
      assert.equal(String(await read(await store().get('same'))), 'second');
    });

    test('lists what is under a prefix and nothing else', async () => {
      for (const key of ['list/a/1', 'list/a/2', 'list/b/1', 'listing'])
        await store().put(key, Buffer.from(key), key.length);
      const found: string[] = [];
      for await (const object of store().list('list/a/')) found.push(object.key);
      assert.deepEqual(found.sort(), ['list/a/1', 'list/a/2']);
      const none: string[] = [];
      for await (const object of store().list('nowhere/')) none.push(object.key);
      assert.deepEqual(none, []);
    });

    test('says that an object is missing, and deletes without complaint', async () => {
      assert.equal(await store().head('missing'), null);
      await assert.rejects(store().get('missing'));
      await store().put('gone', Buffer.from('x'), 1);
      await store().delete('gone');
      await store().delete('gone');
      assert.equal(await store().head('gone'), null);
    });

    test('refuses keys that leave the store', async () => {
      for (const key of [
        '../x',
        '/etc/passwd',
        'a/../../x',
        'a//b',
        '.incoming/x',
        '',
        'a/.',
        'a\\b',
        'a\0b',
      ])
        await assert.rejects(
          async () => await store().put(key, Buffer.from('x'), 1),
          /is no object key/,
          JSON.stringify(key),
        );
    });
  });
}

test('a signed S3 URL lets its bearer read and write one object', async () => {
  const store = stores.s3;
  assert.ok(store);
  const put = await fetch(await store.signedUrl('signed/one', 'put', 60), { method: 'PUT', body: 'hello' });
  assert.equal(put.status, 200);
  const got = await fetch(await store.signedUrl('signed/one', 'get', 60));
  assert.equal(await got.text(), 'hello');
});

test('reading an object fails when the network swallows it half-way, instead of waiting for ever', async () => {
  const { hostname, port } = new URL(server.endpoint);
  const proxy = await startCuttableProxy({ host: hostname, port: Number(port) });
  const endpoint = `http://127.0.0.1:${proxy.port}`;
  const store = createS3Store({ ...s3Options(), endpoint, silenceMs: 300 });
  try {
    const size = 48 * 1024 * 1024;
    await stores.s3?.put('large/object', Buffer.alloc(size), size);
    const read = async () => {
      let seen = 0;
      for await (const chunk of await store.get('large/object')) {
        if (seen === 0) proxy.swallow();
        seen += (chunk as Buffer).length;
      }
      return seen;
    };
    await assert.rejects(read(), { name: 'TimeoutError' });
  } finally {
    store.close();
    await proxy.end();
  }
});

test('a store that cannot be used is named, with its remedy', async () => {
  const wrongBucket = createS3Store({ ...s3Options(), bucket: 'no-such-bucket' });
  const nobody = createS3Store({ ...s3Options(), endpoint: 'http://127.0.0.1:9' });
  const wrongKey = createS3Store({
    ...s3Options(),
    credentials: { accessKeyId: 'a-key-that-nobody-knows', secretAccessKey: 'a-secret-that-nobody-knows' },
  });
  await writeFile(join(folder, 'a-file'), '');
  const unwritable = createFolderStore({
    root: join(folder, 'a-file', 'objects'),
    signingKey: randomBytes(32),
    publicUrl: 'http://127.0.0.1',
  });
  for (const store of [wrongBucket, nobody, wrongKey, unwritable])
    await assert.rejects(store.check(), (error: unknown) => {
      assert.ok(error instanceof SamovarError);
      assert.equal(error.code, 'setup.object_store_unreachable');
      assert.ok(!error.message.includes('a-secret-that-nobody-knows'));
      return true;
    });
});
