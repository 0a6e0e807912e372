import type { Readable } from 'node:stream';

/** Bytes that are on their way. */
export interface ByteBody {
  /**
   * Fills a buffer from its beginning, as far as bytes come; 0 means that there are no more. Rejects when the
   * connection broke, once all that it carried has been handed out.
   */
  fill(into: Buffer): Promise<number>;
  /** How many bytes have come so far. */
  receivedBytes(): number;
  /** Gives the rest up; a `fill` that waits rejects with the reason. */
  destroy(reason?: Error): void;
}

/** What comes from a stream. */
export function bodyOfStream(stream: Readable): ByteBody {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  // Whoever fills hears of a failure; nobody may be filling.
  stream.on('error', () => {});
  let rest: Buffer = Buffer.alloc(0);
  let failure: { readonly reason: unknown } | null = null;
  let received = 0;
  return {
    async fill(into) {
      let filled = 0;
      while (filled < into.length) {
        if (rest.length === 0) {
          try {
            if (failure !== null) throw failure.reason;
            const next = await chunks.next();
            if (next.done) break;
            rest = next.value;
            received += rest.length;
          } catch (reason) {
            failure = { reason };
            if (filled === 0) throw reason;
            break;
          }
        }
        const count = rest.copy(into, filled);
        rest = rest.subarray(count);
        filled += count;
      }
      return filled;
    },
    receivedBytes: () => received,
    destroy(reason) {
      stream.destroy(reason);
    },
  };
}
