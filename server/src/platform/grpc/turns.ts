/** Begins something that calls `done` when it is over. Returns false when there is nothing to begin any more. */
export type Turn = (done: () => void) => boolean;

/** Lets so many things go on at once; others wait until it is their turn. */
export class Turns {
  #free: number;
  readonly #waiting: Turn[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  take(turn: Turn): void {
    this.#waiting.push(turn);
    this.#begin();
  }

  #begin(): void {
    while (this.#free > 0) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#free -= 1;
      if (!next(() => this.#done())) this.#free += 1;
    }
  }

  #done(): void {
    this.#free += 1;
    this.#begin();
  }
}
