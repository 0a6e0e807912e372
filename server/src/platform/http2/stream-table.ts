/** What stands in the table, in a chain with those of the same place. */
export interface NumberedStream {
  readonly id: number;
  next: this | null;
}

const firstPlaces = 16;

/** The open streams of a connection by their id. Not a Map, for the reason that `OpenItems` tells. */
export class StreamTable<T extends NumberedStream> {
  #places: (T | null)[] = emptyPlaces(firstPlaces);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | null {
    let stream = this.#places[this.#placeOf(id)] ?? null;
    while (stream !== null && stream.id !== id) stream = stream.next;
    return stream;
  }

  add(stream: T): void {
    this.#size += 1;
    if (this.#size > this.#places.length) this.#grow();
    this.#put(stream);
  }

  delete(stream: T): void {
    const place = this.#placeOf(stream.id);
    let before: T | null = null;
    let at = this.#places[place] ?? null;
    while (at !== null && at !== stream) {
      before = at;
      at = at.next;
    }
    if (at === null) return;
    if (before === null) this.#places[place] = at.next;
    else before.next = at.next;
    at.next = null;
    this.#size -= 1;
  }

  toArray(): T[] {
    const all: T[] = [];
    for (const first of this.#places) for (let at = first; at !== null; at = at.next) all.push(at);
    return all;
  }

  /** Those of a client are odd, and one after the other. */
  #placeOf(id: number): number {
    return (id >>> 1) & (this.#places.length - 1);
  }

  #put(stream: T): void {
    const place = this.#placeOf(stream.id);
    stream.next = this.#places[place] ?? null;
    this.#places[place] = stream;
  }

  #grow(): void {
    const all = this.toArray();
    this.#places = emptyPlaces(this.#places.length * 2);
    for (const stream of all) this.#put(stream);
  }
}

function emptyPlaces<T>(count: number): (T | null)[] {
  return Array.from({ length: count }, () => null);
}
