import { resolve } from 'node:path';
import { dataFolder } from '@samovar/contract/data-folder';
import type { ServerSettings } from '../../config/load-settings.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { ManifestFolder } from '../../kernel/ports/manifest-folder.ts';
import type { ObjectStore } from '../../kernel/ports/object-store.ts';
import type { Sealing } from '../../kernel/ports/sealing.ts';
import { type CatalogueItem, createUploadAccess, type UploadAccess } from '../../modules/registry/index.ts';
import { createSealing } from '../../platform/sealing/sealing.ts';
import { bucketRules } from '../open-model-source.ts';
import { openObjectStore } from '../open-object-store.ts';
import { readCatalogueItems } from '../read-catalogue.ts';
import { s3Access } from '../s3-access.ts';

export interface ModelApiParts {
  readonly settings: ServerSettings;
  readonly database: Database;
  readonly clock: Clock;
  readonly masterKey: Buffer;
  readonly log: Log;
}

/** What surfaces need to bring models in and to give them out. */
export interface ModelApi {
  readonly uploads: UploadAccess;
  /** Opened when it is first asked for: an api process that takes and gives no files does without it. */
  objectStore(): Promise<ObjectStore>;
  catalogue(): Promise<readonly CatalogueItem[]>;
  readonly folders: ManifestFolder;
  readonly modelFileGraceHours: number;
  /** Seals sources of imports that carry secrets. */
  readonly sealing: Sealing;
  readonly log: Log;
}

export function openModelApi({ settings, database, clock, masterKey, log }: ModelApiParts): ModelApi {
  const data = dataFolder(resolve(settings.data));
  const objectStore = once(() => openObjectStore(settings, data.objects, masterKey));
  const folders = once(async () => {
    // Only then: the client for S3 takes 40 MB of memory.
    const { createBucketManifests } = await import('../../platform/manifest-folder/bucket-manifests.ts');
    return createBucketManifests(s3Access(settings), bucketRules(settings));
  });
  return {
    uploads: createUploadAccess({
      database,
      clock,
      uploadHours: settings.uploadHours,
      uploadLimitBytes: settings.uploadLimitGigabytes * 1e9,
      objectStore,
    }),
    objectStore,
    folders: { read: async (uri, signal) => (await folders()).read(uri, signal) },
    catalogue: once(readCatalogueItems),
    modelFileGraceHours: settings.modelFileGraceHours,
    sealing: createSealing(masterKey),
    log,
  };
}

/** What failed is tried again by the next who asks. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}
