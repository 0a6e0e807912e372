/** Anything that can be told where it stands in a list. */
export interface Placed {
  place: number;
}

/**
 * What is open now, in no order. Not a Set: V8 gives a Set a new table after every few changes and leaves the old ones
 * in a chain, and once one of them has grown old the chain keeps everything alive that was ever in it, until the next
 * full collection of garbage.
 */
export class OpenItems<T extends Placed> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    item.place = this.#items.push(item) - 1;
  }

  delete(item: T): void {
    if (this.#items[item.place] !== item) return;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#items[item.place] = last;
    last.place = item.place;
  }

  toArray(): T[] {
    return [...this.#items];
  }
}
