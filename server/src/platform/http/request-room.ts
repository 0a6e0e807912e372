import type { SamovarError } from '../../kernel/errors.ts';
import type { MemoryOfAll } from './memory-of-all.ts';

/** Smaller requests need no room: as many as there are connections do no harm. */
const freeBytes = 64 * 1024;

/** What one request takes of the memory of all: its body, as far as it has come, until its answer has ended. */
export class RequestRoom {
  readonly #memory: MemoryOfAll;
  #keyId: string | null = null;
  takenBytes = 0;

  constructor(memory: MemoryOfAll) {
    this.#memory = memory;
  }

  /** Whose request it is; `null` until somebody has looked. */
  get keyId(): string | null {
    return this.#keyId;
  }

  /** Told before its body is read. */
  belongsTo(keyId: string): void {
    if (keyId === this.#keyId) return;
    this.giveBack();
    this.#keyId = keyId;
  }

  /** So much of the body has come. Returns what refuses it when that is too much and it is not small. */
  hold(sizeBytes: number): SamovarError | null {
    if (sizeBytes <= freeBytes) return null;
    const moreBytes = sizeBytes - this.takenBytes;
    this.takenBytes = sizeBytes;
    return this.#memory.take(moreBytes, this.#keyId);
  }

  giveBack(): void {
    if (this.takenBytes === 0) return;
    this.#memory.take(-this.takenBytes, this.#keyId);
    this.takenBytes = 0;
  }
}
