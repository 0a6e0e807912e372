import { hkdfSync } from 'node:crypto';
import type { ServerSettings } from '../config/load-settings.ts';
import type { ObjectStore } from '../kernel/ports/object-store.ts';
import { createFolderStore } from '../platform/object-store/folder-store.ts';
import { s3Access } from './s3-access.ts';

/** The object store that the settings name: a bucket, or else the folder `objectsFolder`. */
export async function openObjectStore(
  settings: ServerSettings,
  objectsFolder: string,
  masterKey: Buffer,
): Promise<ObjectStore> {
  if (settings.s3Bucket !== null) {
    // Only then: the client for S3 takes 40 MB of memory.
    const { createS3Store } = await import('../platform/object-store/s3-store.ts');
    return createS3Store({
      ...s3Access(settings),
      bucket: settings.s3Bucket,
      prefix: settings.s3Prefix,
    });
  }
  return createFolderStore({
    root: objectsFolder,
    signingKey: Buffer.from(hkdfSync('sha256', masterKey, '', 'samovar object urls v1', 32)),
    publicUrl:
      settings.publicUrl ??
      `${settings.tlsCertFile === null ? 'http' : 'https'}://${settings.host}:${settings.port}`,
  });
}
