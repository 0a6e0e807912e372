import { createHash } from 'node:crypto';
import { openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

/** What the thread is told: so many bytes may be hashed, and whether they are all. */
export interface HashOrder {
  readonly toBytes: number;
  readonly last: boolean;
}

const hash = createHash('sha256');
const fd = openSync(String(workerData), 'r');
const buffer = Buffer.allocUnsafe(1024 * 1024);
let position = 0;

/** Reads what was written a moment ago: it comes from memory, not from the disk. */
parentPort?.on('message', ({ toBytes, last }: HashOrder) => {
  while (position < toBytes) {
    const count = readSync(fd, buffer, 0, Math.min(buffer.length, toBytes - position), position);
    if (count === 0) throw new Error(`the file ends at ${position} of ${toBytes} bytes`);
    hash.update(count === buffer.length ? buffer : buffer.subarray(0, count));
    position += count;
  }
  if (last) parentPort?.postMessage(hash.digest('hex'));
});
