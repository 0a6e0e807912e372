import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  NoSuchUpload,
  paginateListParts,
  type S3Client,
} from '@aws-sdk/client-s3';

export interface IdleUploads {
  readonly bucket: string;
  /** Before every key of the store. */
  readonly prefix: string;
  /** Of keys: what others keep in the bucket is theirs. */
  readonly prefixes: readonly string[];
  readonly idleHours: number;
}

interface OpenUpload {
  readonly key: string;
  readonly id: string;
  readonly begunAt: Date;
}

/**
 * Aborts the multipart uploads whose last part came so long ago: their parts take space that no listing shows. Returns
 * how many.
 */
export async function abortIdleUploads(client: S3Client, idle: IdleUploads): Promise<number> {
  const before = Date.now() - idle.idleHours * 3_600_000;
  let aborted = 0;
  for (const prefix of idle.prefixes)
    for (const upload of await openUploads(client, idle.bucket, idle.prefix + prefix)) {
      if (upload.begunAt.getTime() > before) continue;
      const lastPartAt = await lastPart(client, idle.bucket, upload);
      if (lastPartAt === null || lastPartAt.getTime() > before) continue;
      const place = { Bucket: idle.bucket, Key: upload.key, UploadId: upload.id };
      await client.send(new AbortMultipartUploadCommand(place)).catch(unlessGone(undefined));
      aborted += 1;
    }
  return aborted;
}

/** The uploads that have not ended; a server that tells of the same ones over and over is not asked on. */
async function openUploads(client: S3Client, bucket: string, prefix: string): Promise<OpenUpload[]> {
  const uploads = new Map<string, OpenUpload>();
  let marker = {};
  for (;;) {
    const query = { Bucket: bucket, Prefix: prefix, ...marker };
    const page = await client.send(new ListMultipartUploadsCommand(query));
    const known = uploads.size;
    // Some servers take the prefix for a wish.
    for (const { Key: key, UploadId: id, Initiated: begunAt } of page.Uploads ?? [])
      if (key?.startsWith(prefix) && id !== undefined && begunAt !== undefined)
        uploads.set(id, { key, id, begunAt });
    const { NextKeyMarker: key, NextUploadIdMarker: id } = page;
    if (!page.IsTruncated || !key || uploads.size === known) return [...uploads.values()];
    marker = { KeyMarker: key, ...(id && { UploadIdMarker: id }) };
  }
}

/** When the last part came, or the upload began; `null` for one that has ended meanwhile. */
async function lastPart(client: S3Client, bucket: string, upload: OpenUpload): Promise<Date | null> {
  let last = upload.begunAt;
  const query = { Bucket: bucket, Key: upload.key, UploadId: upload.id };
  try {
    for await (const page of paginateListParts({ client, stopOnSameToken: true }, query))
      for (const { LastModified: at } of page.Parts ?? []) if (at !== undefined && at > last) last = at;
    return last;
  } catch (error) {
    return unlessGone(null)(error);
  }
}

function unlessGone<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof NoSuchUpload) return instead;
    throw error;
  };
}
