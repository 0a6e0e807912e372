import { refusal } from '../refuse-files.ts';
import type { ByteSource } from './byte-source.ts';

/** Reads a header from its beginning on, little-endian, through a window of this many bytes. */
const windowBytes = 256 * 1024;

/** Walks over a source; whatever leaves its bounds is `model.refused`. */
export interface ByteCursor {
  readonly position: number;
  /** Whether the next `length` bytes are in the window: then `need` has nothing to do. */
  has(length: number): boolean;
  /** Fills the window with the next `length` bytes; the calls below then need no waiting. */
  need(length: number, what: string): Promise<void>;
  uint8(): number;
  uint32(): number;
  uint64(): bigint;
  /** The next `length` bytes, which `need` has filled: a view that the next `need` may overwrite. */
  view(length: number): Buffer;
  /** Goes on `length` bytes without reading them. */
  skip(length: number, what: string): void;
}

/**
 * `limitBytes`: no further than this position, whatever the header says.
 * Throws `model.refused` where the source is shorter than what is asked for.
 */
export function createByteCursor(source: ByteSource, start: number, limitBytes: number): ByteCursor {
  const end = Math.min(source.sizeBytes, limitBytes);
  let window: Buffer = Buffer.alloc(0);
  let windowStart = start;
  let position = start;

  const check = (length: number, what: string): void => {
    if (position + length <= end) return;
    const reason =
      end < source.sizeBytes
        ? `${source.name} is not plausible: ${what} at byte ${position} would take its header beyond ${limitBytes} bytes`
        : `${source.name} is truncated: ${what} at byte ${position} needs ${length} bytes, and ${end - position} are left`;
    throw refusal(reason);
  };
  const has = (length: number): boolean => {
    const at = position - windowStart;
    return at >= 0 && at + length <= window.length;
  };
  const take = (length: number): number => {
    const at = position - windowStart;
    position += length;
    return at;
  };

  return {
    get position() {
      return position;
    },
    has,
    async need(length, what) {
      check(length, what);
      if (has(length)) return;
      window = await source.read(position, Math.min(Math.max(length, windowBytes), end - position));
      windowStart = position;
      if (window.length < length) throw refusal(`${source.name} ended while it was read, at ${what}`);
    },
    uint8: () => window.readUInt8(take(1)),
    uint32: () => window.readUInt32LE(take(4)),
    uint64: () => window.readBigUInt64LE(take(8)),
    view(length) {
      const at = take(length);
      return window.subarray(at, at + length);
    },
    skip(length, what) {
      check(length, what);
      position += length;
    },
  };
}
