import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStore } from '../src/kernel/ports/object-store.ts';
import { createFolderStore } from '../src/platform/object-store/folder-store.ts';
import { createS3Store } from '../src/platform/object-store/s3-store.ts';
import { startS3Server } from './s3-server.ts';

export interface OpenStore {
  readonly store: ObjectStore;
  stop(): Promise<void>;
}

/** Both kinds of object stores, each as it is in an installation. */
export const objectStores: Readonly<Record<'a folder' | 'S3', () => Promise<OpenStore>>> = {
  'a folder': openFolder,
  S3: openS3,
};

async function openFolder(): Promise<OpenStore> {
  const root = await mkdtemp(join(tmpdir(), 'samovar-objects-'));
  const store = createFolderStore({ root, signingKey: randomBytes(32), publicUrl: 'http://127.0.0.1' });
  return { store, stop: () => rm(root, { recursive: true, force: true }) };
}

async function openS3(): Promise<OpenStore> {
  const { endpoint, bucket, accessKeyId, secretAccessKey, stop } = await startS3Server();
  const store = createS3Store({
    endpoint,
    bucket,
    prefix: 'objects/',
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
    pathStyle: true,
    checksums: 'when-required',
    caFile: null,
  });
  return {
    store,
    async stop() {
      store.close();
      await stop();
    },
  };
}
