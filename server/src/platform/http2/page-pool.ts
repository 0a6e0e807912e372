const pageBytes = 16 * 1024;
const mostPages = 32;

/** Memory for what is about to be sent: a page goes from connection to connection, and is theirs for a moment only. */
export class PagePool {
  readonly #pages: Buffer[] = [];

  /** A page with room for so many bytes at least. */
  take(bytes: number): Buffer {
    if (bytes > pageBytes) return Buffer.allocUnsafeSlow(bytes);
    return this.#pages.pop() ?? Buffer.allocUnsafeSlow(pageBytes);
  }

  /** Takes back a page that nobody reads any more. */
  give(page: Buffer): void {
    if (page.length === pageBytes && this.#pages.length < mostPages) this.#pages.push(page);
  }
}
