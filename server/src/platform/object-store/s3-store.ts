import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NotFound,
  PutObjectCommand,
  paginateListObjectsV2,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { ObjectStore } from '../../kernel/ports/object-store.ts';
import { abortIdleUploads } from './abort-idle-uploads.ts';
import { checkStore } from './check-store.ts';
import { exactBytes } from './exact-bytes.ts';
import { checkObjectKey } from './object-key.ts';
import { createS3Client, type S3Access } from './s3-client.ts';

export interface S3StoreOptions extends S3Access {
  readonly bucket: string;
  /** Put before every key, `/` included where one is wanted. */
  readonly prefix: string;
}

export interface S3Store extends ObjectStore {
  close(): void;
}

const smallestPartBytes = 8 * 1024 * 1024;
/** S3 allows 10,000 parts. */
const mostParts = 9_000;

/** Objects in a bucket. Relies on nothing beyond what S3 servers of many makers do alike. */
export function createS3Store(options: S3StoreOptions): S3Store {
  const client = createS3Client(options);
  const place = (key: string) => {
    checkObjectKey(key);
    return { Bucket: options.bucket, Key: options.prefix + key };
  };

  const store: Omit<ObjectStore, 'check'> = {
    async put(key, body, sizeBytes) {
      const partSize = Math.max(smallestPartBytes, Math.ceil(sizeBytes / mostParts));
      const params = { ...place(key), Body: exactBytes(body, sizeBytes) };
      // Parts become visible together; a body that fails aborts the upload.
      await new Upload({ client, params, partSize, queueSize: 2 }).done();
    },
    adopt: (key, path, sizeBytes) => store.put(key, createReadStream(path), sizeBytes),
    async get(key, offset = 0) {
      const range = offset > 0 ? { Range: `bytes=${offset}-` } : {};
      const answer = await client.send(new GetObjectCommand({ ...place(key), ...range }));
      if (!answer.Body) throw new Error(`the object store sent no body for ${key}`);
      return answer.Body as Readable;
    },
    async head(key) {
      try {
        const answer = await client.send(new HeadObjectCommand(place(key)));
        return { key, sizeBytes: answer.ContentLength ?? 0 };
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async *list(prefix) {
      const query = { Bucket: options.bucket, Prefix: options.prefix + prefix };
      for await (const page of paginateListObjectsV2({ client }, query))
        for (const object of page.Contents ?? [])
          if (object.Key !== undefined)
            yield { key: object.Key.slice(options.prefix.length), sizeBytes: object.Size ?? 0 };
    },
    async delete(key) {
      await client.send(new DeleteObjectCommand(place(key)));
    },
    async signedUrl(key, action, expiresSeconds) {
      const command = action === 'get' ? new GetObjectCommand(place(key)) : new PutObjectCommand(place(key));
      return await getSignedUrl(client, command, { expiresIn: expiresSeconds });
    },
    localPath: () => null,
    freeBytes: async () => null,
    removeUnfinished: (prefixes, idleHours) =>
      abortIdleUploads(client, { bucket: options.bucket, prefix: options.prefix, prefixes, idleHours }),
  };
  const address = `${options.endpoint ?? 's3'}/${options.bucket}`;
  return { ...store, check: () => checkStore(store, address), close: () => client.destroy() };
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof NotFound ||
    (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404)
  );
}
