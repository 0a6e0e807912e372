import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { startS3Server } from '../../../test/s3-server.ts';
import { createFolderStore } from './folder-store.ts';
import { createS3Client } from './s3-client.ts';
import { createS3Store } from './s3-store.ts';

test('what a put into a folder has left goes a day after its last byte, and nothing of one that runs', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'samovar-unfinished-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  const store = createFolderStore({ root, signingKey: randomBytes(32), publicUrl: 'http://127.0.0.1' });
  assert.equal(await store.removeUnfinished(['models/'], 24), 0, 'there is no such folder yet');
  const incoming = join(root, '.incoming');
  await mkdir(incoming);
  const left = async (name: string, hoursAgo: number) => {
    await writeFile(join(incoming, name), 'abc');
    const at = new Date(Date.now() - hoursAgo * 3_600_000);
    await utimes(join(incoming, name), at, at);
  };
  await left('old', 25);
  await left('young', 23);
  const body = new PassThrough();
  const running = store.put('models/x', body, 6);
  body.write('abc');
  assert.equal(await store.removeUnfinished(['models/'], 24), 1);
  assert.ok(!(await readdir(incoming)).includes('old'));
  assert.ok((await readdir(incoming)).includes('young'));
  body.end('def');
  await running;
  assert.equal((await store.head('models/x'))?.sizeBytes, 6);
  assert.ok(((await store.freeBytes()) ?? 0) > 0);
});

test('what multipart uploads to a bucket have left goes, of our own keys and once nothing comes any more', async (t) => {
  const server = await startS3Server();
  const access = {
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: server,
    pathStyle: true,
    checksums: 'when-required',
    caFile: null,
  } as const;
  const client = createS3Client(access);
  const store = createS3Store({ ...access, bucket: server.bucket, prefix: 'own/' });
  t.after(async () => {
    client.destroy();
    store.close();
    await server.stop();
  });
  const begin = async (Key: string) => {
    const place = { Bucket: server.bucket, Key };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(place));
    await client.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: Buffer.from('abc') }));
  };
  const open = async () => {
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: server.bucket }));
    return (Uploads ?? []).map(({ Key }) => Key).sort();
  };
  for (const key of ['own/models/a', 'own/uploads/b', 'own/other', 'models/of-somebody']) await begin(key);
  assert.equal((await open()).length, 4);
  const prefixes = ['models/', 'uploads/'];
  assert.equal(await store.removeUnfinished(prefixes, 24), 0, 'they may be running');
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal(await store.removeUnfinished(prefixes, 0), 2);
  assert.deepEqual(await open(), ['models/of-somebody', 'own/other']);
});
