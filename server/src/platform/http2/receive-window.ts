/**
 * What a peer may still send (RFC 9113, section 6.9), of one stream or of the connection. It is told of new room when
 * half of the whole is due: small messages cost no frame of their own.
 */
export class ReceiveWindow {
  readonly #wholeBytes: number;
  #leftBytes: number;
  #dueBytes = 0;

  constructor(wholeBytes: number) {
    this.#wholeBytes = wholeBytes;
    this.#leftBytes = wholeBytes;
  }

  /** False when there was no room for as much. */
  take(bytes: number): boolean {
    this.#leftBytes -= bytes;
    return this.#leftBytes >= 0;
  }

  /** So many bytes need no room any more. Returns by how much to widen the window now, mostly 0. */
  give(bytes: number): number {
    this.#dueBytes += bytes;
    if (this.#dueBytes * 2 < this.#wholeBytes) return 0;
    const due = this.#dueBytes;
    this.#dueBytes = 0;
    this.#leftBytes += due;
    return due;
  }
}
