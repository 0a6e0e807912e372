import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { HashOrder } from './hash-thread.ts';

/** The SHA-256 of a file that is still being written, computed in a thread of its own close behind the writing. */
export interface FollowingHash {
  /** The first so many bytes are there and stay as they are. */
  follow(toBytes: number): void;
  /** The digest of the first so many bytes, in hex. */
  finish(totalBytes: number): Promise<string>;
  stop(): Promise<void>;
}

/** Smaller files are not worth a thread. */
const leastBytes = 8 * 1024 * 1024;

/** `totalBytes` is `null` while the size is not known. */
export function createFollowingHash(path: string, totalBytes: number | null): FollowingHash {
  return totalBytes !== null && totalBytes < leastBytes ? hashInTheEnd(path) : hashInThread(path);
}

function hashInTheEnd(path: string): FollowingHash {
  return {
    follow: () => {},
    async finish(totalBytes) {
      const hash = createHash('sha256');
      if (totalBytes === 0) return hash.digest('hex');
      for await (const chunk of createReadStream(path, { end: totalBytes - 1 })) hash.update(chunk as Buffer);
      return hash.digest('hex');
    },
    stop: async () => {},
  };
}

function hashInThread(path: string): FollowingHash {
  const thread = new Worker(new URL('./hash-thread.ts', import.meta.url), {
    workerData: path,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  });
  const digest = new Promise<string>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('the thread that hashes has ended')));
  });
  // Whoever waits for it hears of a failure; nobody may be waiting yet.
  digest.catch(() => {});
  let followed = 0;
  const tell = (order: HashOrder) => thread.postMessage(order);
  return {
    follow(toBytes) {
      if (toBytes === followed) return;
      followed = toBytes;
      tell({ toBytes, last: false });
    },
    finish(totalBytes) {
      tell({ toBytes: totalBytes, last: true });
      return digest;
    },
    async stop() {
      await thread.terminate();
    },
  };
}
