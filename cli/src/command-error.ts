/** Exit statuses of every command. */
export const exitStatus = {
  ok: 0,
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Samovar does not run, or does not answer. */
  notRunning: 3,
  /** The key is missing or not valid, or lacks a permission. */
  notAuthorized: 4,
} as const;

/** A failure that the person at the terminal can act on: one sentence and its remedy, no stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly remedy: string;
  readonly status: number;

  constructor(message: string, remedy: string, status: number = exitStatus.failed) {
    super(message);
    this.remedy = remedy;
    this.status = status;
  }
}
