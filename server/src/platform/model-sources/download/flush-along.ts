import type { FileHandle } from 'node:fs/promises';

const everyBytes = 64 * 1024 * 1024;

/** Brings a file onto the disk while it is being written, so that little is left to wait for in the end. */
export function flushAlong(
  handle: FileHandle,
  thereBytes: number,
): { wrote(doneBytes: number): void; end(): Promise<void> } {
  let flushedBytes = thereBytes;
  let flushing: Promise<void> | null = null;
  let failure: unknown = null;
  return {
    wrote(doneBytes) {
      if (flushing !== null || doneBytes - flushedBytes < everyBytes) return;
      flushedBytes = doneBytes;
      flushing = handle
        .datasync()
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => {
          flushing = null;
        });
    },
    async end() {
      await flushing;
      if (failure !== null) throw failure;
    },
  };
}
