/** Counts the requests that have begun and not ended, whichever lane serves them. */
export class OpenRequests {
  #count = 0;
  #idle: (() => void) | null = null;

  get count(): number {
    return this.#count;
  }

  opened(): void {
    this.#count += 1;
  }

  ended(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#idle?.();
  }

  /** Resolves when none is left, at the latest after so many milliseconds. */
  idleWithin(limitMs: number): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#idle = null;
        resolve();
      };
      const timer = setTimeout(done, limitMs);
      this.#idle = done;
    });
  }
}
