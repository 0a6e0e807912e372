import { createHash, type Hash } from 'node:crypto';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import type { UploadPart } from './upload.ts';

/** Uploads at once whose digests are kept as they come; of others, the parts are read again at the end. */
const most = 1_000;

export interface RunningDigests {
  /** Counts the bytes in when they follow what was counted before. */
  add(uploadId: string, offsetBytes: number, bytes: Buffer): void;
  /** The SHA-256 when every byte passed here in its order; `null` when parts came to another process. */
  take(uploadId: string, sizeBytes: number): string | null;
  /** The SHA-256 of stored parts. */
  read(store: ObjectStore, parts: readonly UploadPart[]): Promise<string>;
}

/** SHA-256 of uploads while they come: hashing state cannot be handed on, so it is of one process. */
export function createRunningDigests(): RunningDigests {
  const running = new Map<string, { readonly hash: Hash; bytes: number }>();
  return {
    add(uploadId, offsetBytes, bytes) {
      if (offsetBytes === 0) {
        running.set(uploadId, { hash: createHash('sha256'), bytes: 0 });
        const [oldest] = running.keys();
        if (running.size > most && oldest !== undefined) running.delete(oldest);
      }
      const digest = running.get(uploadId);
      if (digest === undefined) return;
      if (digest.bytes !== offsetBytes) {
        running.delete(uploadId);
        return;
      }
      digest.hash.update(bytes);
      digest.bytes += bytes.length;
    },
    take(uploadId, sizeBytes) {
      const digest = running.get(uploadId);
      running.delete(uploadId);
      return digest?.bytes === sizeBytes ? digest.hash.digest('hex') : null;
    },
    async read(store, parts) {
      const hash = createHash('sha256');
      for (const part of parts)
        for await (const chunk of (await store.get(part.objectKey)) as AsyncIterable<Buffer>)
          hash.update(chunk);
      return hash.digest('hex');
    },
  };
}
