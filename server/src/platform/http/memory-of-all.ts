/** What all clients of a server together may make it keep, unless it is told otherwise. */
export const usualMemoryBytes = 512 * 1024 * 1024;

/** A connection. */
export interface MemoryHolder {
  /** Of its requests, as far as they are kept, and of answers that it has not fetched. */
  readonly heldBytes: number;
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

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Takes bytes for a request, or gives them back (negative ones). False when all requests have too many. */
  take(bytes: number): boolean {
    this.#requestBytes += bytes;
    return this.#requestBytes <= this.#limitBytes;
  }

  /** Ends the connections that hold most, until the others are within the limit. Returns how many. */
  endLargest(holders: Iterable<MemoryHolder>): number {
    const held = [...holders].map((holder) => ({ holder, bytes: holder.heldBytes }));
    let bytes = held.reduce((sum, one) => sum + one.bytes, 0);
    if (bytes <= this.#limitBytes) return 0;
    let ended = 0;
    for (const largest of held.sort((left, right) => right.bytes - left.bytes)) {
      if (bytes <= this.#limitBytes) break;
      largest.holder.endAsLargest();
      bytes -= largest.bytes;
      ended += 1;
    }
    return ended;
  }
}
