import type { SpareRun, SpareThread } from './spare-thread.ts';

/** What a batch costs, in tokens with padding. */
export interface LentWork<Batch> {
  readonly batch: Batch;
  readonly inputs: readonly (readonly number[])[];
  readonly tokens: number;
}

/** Lends batches to a spare thread, and takes back what that does not begin or does not finish in good time. */
export interface BatchLender<Batch> {
  /** Whether a batch can be lent now. */
  canLend(): boolean;
  lend(work: LentWork<Batch>): void;
  /** A batch that is late, or lies behind one that was, to be computed here; its vectors from there are void. */
  takeLate(): Batch | null;
  /** A batch that was not begun there. */
  takeUnbegun(): Batch | null;
  /** Until the first of the lent batches is late; `null` when none is lent. */
  readonly lateInMs: number | null;
  /** How long a batch took here: the measure of what is late. */
  took(tokens: number, ms: number): void;
  /** Batches that the spare thread computed. */
  readonly batches: number;
}

/** The one that it computes and the next: it is heard of only between two batches here, and shall not wait for that. */
const mostLent = 2;
/** A batch is late when it takes so many times as long as here, and a moment for the way there and back. */
const lateFactor = 3;
const lateMs = 10;
/** A thread whose core is taken by others is left alone for so long. */
const restMs = 200;

interface Loan<Batch> {
  readonly batch: Batch;
  readonly tokens: number;
  readonly run: SpareRun;
}

/** `done` hears of what a spare thread computed in time, `freed` that it can take the next batch. */
export function createBatchLender<Batch>(
  thread: SpareThread,
  events: { done(batch: Batch, vectors: readonly Float32Array[]): void; freed(): void },
): BatchLender<Batch> {
  /** In the order in which they are computed. */
  let loans: Loan<Batch>[] = [];
  /** When the first of them was at the head of the line. */
  let firstSince = 0;
  let gone = false;
  let restUntil = 0;
  let msPerToken = 0.2;
  let batches = 0;

  const lateAt = (loan: Loan<Batch>): number =>
    gone ? 0 : firstSince + lateMs + lateFactor * loan.tokens * msPerToken;

  /** Whether only its vectors are on their way. */
  const isComing = (loan: Loan<Batch>): boolean => !gone && loan.run.isDone();

  /** Whether it was still lent. */
  const drop = (loan: Loan<Batch>): boolean => {
    const index = loans.indexOf(loan);
    if (index < 0) return false;
    loans = loans.toSpliced(index, 1);
    if (index === 0) firstSince = performance.now();
    return true;
  };

  return {
    canLend: () => !gone && loans.length < mostLent && performance.now() >= restUntil && thread.isReady(),
    lend({ batch, inputs, tokens }) {
      const run = thread.run(inputs);
      const loan = { batch, tokens, run };
      if (loans.length === 0) firstSince = performance.now();
      loans = [...loans, loan];
      run.vectors.then(
        (vectors) => {
          if (!drop(loan)) return;
          batches += 1;
          events.done(batch, vectors);
          events.freed();
        },
        () => {
          // What it had is late now.
          gone = true;
          events.freed();
        },
      );
    },
    takeLate() {
      const [first] = loans;
      if (first === undefined || isComing(first)) return null;
      const now = performance.now();
      if (now >= lateAt(first)) {
        restUntil = now + restMs;
        first.run.takeBack();
      } else if (now >= restUntil || !first.run.takeBack()) return null;
      drop(first);
      return first.batch;
    },
    takeUnbegun() {
      const last = loans.at(-1);
      if (last === undefined || !last.run.takeBack()) return null;
      drop(last);
      return last.batch;
    },
    get lateInMs() {
      const [first] = loans;
      if (first === undefined) return null;
      return isComing(first) ? lateMs : Math.max(0, lateAt(first) - performance.now());
    },
    took(tokens, ms) {
      msPerToken = msPerToken * 0.8 + (ms / Math.max(1, tokens)) * 0.2;
    },
    get batches() {
      return batches;
    },
  };
}
