import { open } from 'node:fs/promises';
import type { ByteSource } from '../download/byte-source.ts';

/** A file of this machine, read like one from elsewhere: what was copied before an interruption is not copied again. */
export function localBytes(path: string): ByteSource {
  return {
    async open(range) {
      const handle = await open(path, 'r');
      const found = await handle.stat({ bigint: true });
      const totalBytes = Number(found.size);
      const end = Math.min(range.end, totalBytes);
      let position = range.start;
      let closed: Promise<void> | null = null;
      const body = {
        async fill(into: Buffer) {
          if (position >= end || closed !== null) return 0;
          const { bytesRead } = await handle.read(into, 0, Math.min(into.length, end - position), position);
          position += bytesRead;
          return bytesRead;
        },
        receivedBytes: () => position - range.start,
        destroy() {
          closed ??= handle.close();
        },
      };
      return { ranged: totalBytes > 0, totalBytes, tag: fileTag(found), body };
    },
  };
}

/** What tells a file's bytes from those that it had before. */
export function fileTag(found: {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}): string {
  return `${found.ino}-${found.size}-${found.mtimeNs}`;
}
