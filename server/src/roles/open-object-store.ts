import { hkdfSync } from 'node:crypto';
import type { ServerSettings } from '../config/load-settings.ts';
import type { ObjectStore } from '../kernel/ports/object-store.ts';
import { createFolderStore } from '../platform/object-store/folder-store.ts';

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
      endpoint: settings.s3Endpoint,
      bucket: settings.s3Bucket,
      prefix: settings.s3Prefix,
      region: settings.s3Region,
      credentials:
        settings.s3AccessKeyId === null || settings.s3SecretAccessKey === null
          ? null
          : { accessKeyId: settings.s3AccessKeyId, secretAccessKey: settings.s3SecretAccessKey },
      pathStyle: settings.s3PathStyle,
      checksums: settings.s3Checksums === 'when-supported' ? 'when-supported' : 'when-required',
      caFile: settings.caFile,
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
