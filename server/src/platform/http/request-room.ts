import type { MemoryOfAll } from './memory-of-all.ts';

/** Smaller requests need no room: as many as there are connections do no harm. */
const freeBytes = 64 * 1024;

/** What one request takes of the memory of all: its body, as far as it has come, until its answer has ended. */
export class RequestRoom {
  readonly #memory: MemoryOfAll;
  takenBytes = 0;

  constructor(memory: MemoryOfAll) {
    this.#memory = memory;
  }

  /** So much of the body has come. False when all requests have too much, and this one is not small. */
  hold(sizeBytes: number): boolean {
    if (sizeBytes <= freeBytes) return true;
    const moreBytes = sizeBytes - this.takenBytes;
    this.takenBytes = sizeBytes;
    return this.#memory.take(moreBytes);
  }

  giveBack(): void {
    if (this.takenBytes === 0) return;
    this.#memory.take(-this.takenBytes);
    this.takenBytes = 0;
  }
}
