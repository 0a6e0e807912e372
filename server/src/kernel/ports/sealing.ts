/** Secrets at rest, sealed with the master key, which is never in the database. */
export interface Sealing {
  /** `context` says what is sealed and for whom; opening needs the same text. */
  seal(plain: Buffer, context: string): Buffer;
  /** Throws when the text was changed, the context differs, or the key that sealed it is not at hand. */
  open(sealed: Buffer, context: string): Buffer;
}
