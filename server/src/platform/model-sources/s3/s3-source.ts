import { HeadObjectCommand, NotFound, paginateListObjectsV2, S3ServiceException } from '@aws-sdk/client-s3';
import { SamovarError } from '../../../kernel/errors.ts';
import type { SourceFile } from '../../../kernel/ports/model-source.ts';
import { createS3Client, type S3Access } from '../../object-store/s3-client.ts';
import { chooseFiles } from '../choice/choose-files.ts';
import { checkedSourcePath } from '../choice/source-path.ts';
import { downloadFile } from '../download/download-file.ts';
import type { Downloader } from '../download/wanted-file.ts';
import type { SchemeSource } from '../scheme-source.ts';
import { type BucketRules, parseS3Source, type S3Place } from './parse-s3-source.ts';
import { createS3Bytes } from './s3-bytes.ts';

/** A prefix with more objects is no model's. */
const mostObjects = 10_000;

/** `s3://bucket/prefix`: one object, or those below a prefix, with the credentials of this installation. */
export function createS3Source(access: S3Access, rules: BucketRules, downloader: Downloader): SchemeSource {
  const client = createS3Client({ ...access, silenceMs: downloader.limits.silenceMs });

  async function single(place: S3Place, signal: AbortSignal): Promise<SourceFile | null> {
    if (place.prefix === '') return null;
    try {
      const command = new HeadObjectCommand({ Bucket: place.bucket, Key: place.prefix });
      const found = await client.send(command, { abortSignal: signal });
      const path = checkedSourcePath(place.prefix.split('/').at(-1) ?? '');
      return fileOf(path, found.ContentLength, found.ETag);
    } catch (error) {
      if (error instanceof NotFound || statusOf(error) === 404) return null;
      throw error;
    }
  }

  async function below(place: S3Place, uri: string, signal: AbortSignal): Promise<SourceFile[]> {
    const folder = place.prefix === '' ? '' : `${place.prefix}/`;
    const files: SourceFile[] = [];
    const query = { Bucket: place.bucket, Prefix: folder };
    for await (const page of paginateListObjectsV2({ client }, query, { abortSignal: signal }))
      for (const { Key: key, Size: size, ETag: tag } of page.Contents ?? []) {
        // Some clients make empty objects for folders.
        if (key === undefined || key.endsWith('/')) continue;
        if (files.length === mostObjects)
          throw invalid(uri, `there are more than ${mostObjects} objects: name a longer prefix`);
        files.push(fileOf(checkedSourcePath(key.slice(folder.length)), size, tag));
      }
    return files;
  }

  return {
    async resolve(uri, signal) {
      const place = parseS3Source(uri, rules);
      const one = await single(place, signal);
      const all = one === null ? await below(place, uri, signal) : [one];
      if (all.length === 0) throw invalid(uri, 'there is nothing');
      const choice = chooseFiles(all, { uri, quantization: null, path: one?.path ?? null });
      const folder = `${uri.replace(/\/+$/, '')}/`;
      return {
        files: choice.files,
        notes: choice.notes,
        alternatives: [],
        // The `/` in the end tells a folder from an object.
        uri: one === null ? folder : uri,
        revision: null,
        license: null,
      };
    },
    async fetch(resolved, file, target, options) {
      const place = parseS3Source(resolved.uri, rules);
      const isFolder = place.prefix === '' || resolved.uri.endsWith('/');
      const folder = place.prefix === '' ? '' : `${place.prefix}/`;
      const key = isFolder ? `${folder}${checkedSourcePath(file.path)}` : place.prefix;
      const bytes = createS3Bytes(client, { bucket: place.bucket, key }, file.tag ?? null);
      const wanted = { ...file, uri: resolved.uri, tag: file.tag ?? null };
      return await downloadFile(downloader, bytes, wanted, target, options);
    },
    async close() {
      client.destroy();
    },
  };
}

function fileOf(path: string, size: number | undefined, tag: string | undefined): SourceFile {
  // Some servers leave the quotes of an ETag out in lists.
  const quoted = tag === undefined || tag.startsWith('"') ? tag : `"${tag}"`;
  return {
    path,
    sizeBytes: size ?? null,
    sha256: null,
    ...(quoted === undefined ? {} : { tag: quoted }),
  };
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

function invalid(source: string, reason: string): SamovarError {
  return new SamovarError('model.source_invalid', { params: { source, reason } });
}
