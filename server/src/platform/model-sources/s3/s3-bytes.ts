import { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { bodyOfStream } from '../download/byte-body.ts';
import type { ByteSource } from '../download/byte-source.ts';
import { ChangedFault } from '../download/changed-fault.ts';
import { PassingFault } from '../passing-fault.ts';

/** An object by ranges; `tag` is the ETag that it must have. */
export function createS3Bytes(
  client: S3Client,
  place: { readonly bucket: string; readonly key: string },
  tag: string | null,
): ByteSource {
  return {
    async open(range, signal) {
      try {
        const answer = await client.send(
          new GetObjectCommand({
            Bucket: place.bucket,
            Key: place.key,
            Range: `bytes=${range.start}-${range.end - 1}`,
            ...(tag === null ? {} : { IfMatch: tag }),
          }),
          { abortSignal: signal },
        );
        const [, total] = /\/(\d+)$/.exec(answer.ContentRange ?? '') ?? [];
        const totalBytes = total === undefined ? (answer.ContentLength ?? null) : Number(total);
        const body = bodyOfStream(answer.Body instanceof Readable ? answer.Body : Readable.from([]));
        return { ranged: total !== undefined, totalBytes, tag: answer.ETag ?? null, body };
      } catch (error) {
        const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
        if (status === 412) throw new ChangedFault('it has changed since it was looked at');
        if (status !== undefined && (status >= 500 || status === 429))
          throw new PassingFault(`the S3 server answered ${status}`, { cause: error });
        throw error;
      }
    },
  };
}
