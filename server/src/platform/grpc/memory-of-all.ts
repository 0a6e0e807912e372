import { errorCode } from '../http2/protocol.ts';
import type { SessionWatch } from './session-watch.ts';

/**
 * What the clients of a server may make it keep together: requests that are not answered, and answers that nobody
 * fetches. Each connection has a bound of its own, and there may be many.
 */
export class MemoryOfAll {
  readonly limitBytes: number;
  /** Of requests. */
  #requestBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Takes bytes for a request, or gives them back (negative ones). False when all requests have too many. */
  take(bytes: number): boolean {
    this.#requestBytes += bytes;
    return this.#requestBytes <= this.limitBytes;
  }

  /** Ends the connections that hold most, until the others are within the limit. Returns how many. */
  endLargest(sessions: ReadonlySet<SessionWatch>): number {
    const held = [...sessions].map((watch) => ({ watch, bytes: watch.heldBytes }));
    let bytes = held.reduce((sum, one) => sum + one.bytes, 0);
    if (bytes <= this.limitBytes) return 0;
    let ended = 0;
    for (const largest of held.sort((left, right) => right.bytes - left.bytes)) {
      if (bytes <= this.limitBytes) break;
      largest.watch.connection.fail(errorCode.enhanceYourCalm, 'too_much_memory');
      bytes -= largest.bytes;
      ended += 1;
    }
    return ended;
  }
}
