import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import { SamovarError } from '../../kernel/errors.ts';
import type { FolderDocument, ManifestFolder } from '../../kernel/ports/manifest-folder.ts';
import { createGate } from '../model-sources/download/gate.ts';
import { type BucketRules, parseS3Source } from '../model-sources/s3/parse-s3-source.ts';
import { createS3Client, type S3Access } from '../object-store/s3-client.ts';

/** Larger documents are no manifests. */
const largestBytes = 1024 * 1024;
/** More are no folder of manifests. */
const mostDocuments = 20_000;
/** Each takes as long as a round trip. */
const readsAtOnce = 16;

/** YAML documents in buckets, read with the credentials of this installation, where its rules let them be read. */
export function createBucketManifests(access: S3Access, rules: BucketRules): ManifestFolder {
  const client = createS3Client(access);
  return {
    async read(uri, signal) {
      const place = parseS3Source(uri, rules);
      const folder = place.prefix === '' ? '' : `${place.prefix}/`;
      try {
        const keys = await documentKeys(client, place.bucket, folder, signal);
        if (keys.length > mostDocuments)
          throw invalid(uri, `there are more than ${mostDocuments} documents: name a longer prefix`);
        const gate = createGate(readsAtOnce);
        const read = async (key: string): Promise<FolderDocument> => {
          signal.throwIfAborted();
          const command = new GetObjectCommand({ Bucket: place.bucket, Key: key });
          const answer = await client.send(command, { abortSignal: signal });
          return { path: key.slice(folder.length), text: (await answer.Body?.transformToString()) ?? '' };
        };
        return await Promise.all(keys.map((key) => gate(() => read(key))));
      } catch (error) {
        if (error instanceof SamovarError || signal.aborted) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        throw new SamovarError('model.source_unavailable', { params: { source: uri, reason }, cause: error });
      }
    },
  };
}

async function documentKeys(
  client: S3Client,
  bucket: string,
  folder: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const keys: string[] = [];
  const query = { Bucket: bucket, Prefix: folder };
  for await (const page of paginateListObjectsV2({ client }, query, { abortSignal: signal }))
    for (const { Key: key, Size: size } of page.Contents ?? [])
      if (key !== undefined && /\.ya?ml$/i.test(key) && (size ?? 0) <= largestBytes) keys.push(key);
  return keys.sort();
}

function invalid(source: string, reason: string): SamovarError {
  return new SamovarError('model.source_invalid', { params: { source, reason } });
}
