import type { HeaderField } from './static-table.ts';

/** What an entry counts beside its texts (RFC 7541, section 4.1). */
export const entryOverheadBytes = 32;

/** The fields that a peer had us remember, the newest first (RFC 7541, sections 2.3.2 and 4). */
export class DynamicTable {
  /** The oldest first: an index counts from the end. */
  readonly #fields: HeaderField[] = [];
  /** How many of the first are forgotten already. */
  #forgotten = 0;
  #sizeBytes = 0;
  #limitBytes: number;
  /** Counts changes: an index means the same as long as it stands. */
  version = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The field of an index that counts from 0; `undefined` when there is none. */
  at(index: number): HeaderField | undefined {
    const place = this.#fields.length - 1 - index;
    return place < this.#forgotten ? undefined : this.#fields[place];
  }

  add(field: HeaderField): void {
    this.version += 1;
    const sizeBytes = sizeOf(field);
    this.#forgetDownTo(this.#limitBytes - sizeBytes);
    if (sizeBytes > this.#limitBytes) return;
    this.#fields.push(field);
    this.#sizeBytes += sizeBytes;
  }

  resize(limitBytes: number): void {
    if (limitBytes === this.#limitBytes) return;
    this.version += 1;
    this.#limitBytes = limitBytes;
    this.#forgetDownTo(limitBytes);
  }

  #forgetDownTo(limitBytes: number): void {
    while (this.#sizeBytes > limitBytes && this.#forgotten < this.#fields.length) {
      const oldest = this.#fields[this.#forgotten];
      if (oldest) this.#sizeBytes -= sizeOf(oldest);
      this.#forgotten += 1;
    }
    // Moved up now and then, not with each that is forgotten.
    if (this.#forgotten <= this.#fields.length / 2) return;
    this.#fields.splice(0, this.#forgotten);
    this.#forgotten = 0;
  }
}

export function sizeOf({ name, value }: HeaderField): number {
  return name.length + value.length + entryOverheadBytes;
}
