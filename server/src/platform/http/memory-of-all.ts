import { SamovarError } from '../../kernel/errors.ts';

/** What all clients of a server together may make it keep, unless it is told otherwise. */
export const usualMemoryBytes = 512 * 1024 * 1024;

/** What the requests of one key may have of it: no key takes the room of the others. */
const shareOfKey = 0.5;

/** A connection. */
export interface MemoryHolder {
  /** Of its requests, as far as they are kept, and of answers that it has not fetched. */
  readonly heldBytes: number;
  /** Whose requests they are; `null` as long as nobody knows. */
  readonly keyId: string | null;
  /** Ends it, because it holds most where all hold too much. */
  endAsLargest(): void;
}

/**
 * What the clients of a server may make it keep together: requests, and answers that nobody fetches. Each connection
 * has a bound of its own, and there may be many.
 */
export class MemoryOfAll {
  readonly #limitBytes: number;
  /** Of requests. */
  #requestBytes = 0;
  /** Of them, those of each key. */
  readonly #bytesOfKeys = new Map<string, number>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /**
   * Takes bytes for a request of a key, or gives them back (negative ones). Returns why they are too many:
   * `system.overloaded` for all requests together, `limit.request_bytes` for those of the key.
   */
  take(bytes: number, keyId: string | null): SamovarError | null {
    this.#requestBytes += bytes;
    const ofKey = keyId === null ? 0 : this.#takeForKey(bytes, keyId);
    if (bytes <= 0) return null;
    if (this.#requestBytes > this.#limitBytes)
      return new SamovarError('system.overloaded', { retryAfterSeconds: 1 });
    const limitBytes = Math.floor(this.#limitBytes * shareOfKey);
    if (ofKey <= limitBytes) return null;
    return new SamovarError('limit.request_bytes', { params: { limitBytes }, retryAfterSeconds: 1 });
  }

  #takeForKey(bytes: number, keyId: string): number {
    const ofKey = (this.#bytesOfKeys.get(keyId) ?? 0) + bytes;
    if (ofKey === 0) this.#bytesOfKeys.delete(keyId);
    else this.#bytesOfKeys.set(keyId, ofKey);
    return ofKey;
  }

  /**
   * Ends connections until the others are within the limit: of the key that holds most, then of the next, each time
   * those that hold most. Returns how many.
   */
  endLargest(holders: Iterable<MemoryHolder>): number {
    const held = [...holders].map((holder) => ({ holder, bytes: holder.heldBytes }));
    let bytes = held.reduce((sum, one) => sum + one.bytes, 0);
    if (bytes <= this.#limitBytes) return 0;
    const bytesOf = new Map<unknown, number>();
    for (const one of held) bytesOf.set(whose(one), (bytesOf.get(whose(one)) ?? 0) + one.bytes);
    const together = (one: Held) => bytesOf.get(whose(one)) ?? 0;
    let ended = 0;
    for (const largest of held.sort(
      (left, right) => together(right) - together(left) || right.bytes - left.bytes,
    )) {
      if (bytes <= this.#limitBytes) break;
      largest.holder.endAsLargest();
      bytes -= largest.bytes;
      ended += 1;
    }
    return ended;
  }
}

interface Held {
  readonly holder: MemoryHolder;
  readonly bytes: number;
}

/** What nobody is known to hold is each connection's own. */
function whose({ holder }: Held): unknown {
  return holder.keyId ?? holder;
}
