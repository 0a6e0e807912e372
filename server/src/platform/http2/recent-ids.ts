const kept = 128;

/** The last ids that were added. */
export class RecentIds {
  readonly #ids = new Uint32Array(kept);
  #next = 0;

  add(id: number): void {
    this.#ids[this.#next] = id;
    this.#next = (this.#next + 1) % kept;
  }

  has(id: number): boolean {
    return this.#ids.includes(id);
  }
}
