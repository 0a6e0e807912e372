import type { SpareThread } from './spare-thread.ts';

/** What a batch costs, in tokens with padding. */
export interface LentWork<Batch> {
  readonly batch: Batch;
  readonly inputs: readonly (readonly number[])[];
  readonly tokens: number;
}

/** Lends one batch at a time to a spare thread, and takes back what that does not finish in good time. */
export interface BatchLender<Batch> {
  /** Whether a batch can be lent now. */
  isReady(): boolean;
  lend(work: LentWork<Batch>): void;
  /** A batch that was lent and is late, to be computed here; its vectors from there are void. */
  takeLate(): Batch | null;
  /** Until the lent batch is late; `null` when none is lent. */
  readonly lateInMs: number | null;
  /** How long a batch took here: the measure of what is late. */
  took(tokens: number, ms: number): void;
  /** Batches that the spare thread computed. */
  readonly batches: number;
}

/** A batch is late when it takes so many times as long as here, and a moment for the way there and back. */
const lateFactor = 3;
const lateMs = 10;
/** A thread whose core is taken by others is left alone for so long. */
const restMs = 200;

/** `done` hears of what a spare thread computed in time, `freed` that it can take the next batch. */
export function createBatchLender<Batch>(
  thread: SpareThread,
  events: { done(batch: Batch, vectors: readonly Float32Array[]): void; freed(): void },
): BatchLender<Batch> {
  let lent: { readonly batch: Batch; readonly lateAt: number } | null = null;
  let restUntil = 0;
  let msPerToken = 0.2;
  let batches = 0;
  return {
    isReady: () => lent === null && performance.now() >= restUntil && thread.isReady(),
    lend({ batch, inputs, tokens }) {
      const loan = { batch, lateAt: performance.now() + lateMs + lateFactor * tokens * msPerToken };
      lent = loan;
      thread.run(inputs).then(
        (vectors) => {
          if (lent !== loan) return;
          lent = null;
          batches += 1;
          events.done(batch, vectors);
          events.freed();
        },
        () => {
          // It is gone: what it had is late now.
          if (lent === loan) lent = { batch, lateAt: 0 };
          events.freed();
        },
      );
    },
    takeLate() {
      if (lent === null || performance.now() < lent.lateAt) return null;
      const { batch } = lent;
      lent = null;
      restUntil = performance.now() + restMs;
      return batch;
    },
    get lateInMs() {
      return lent === null ? null : Math.max(0, lent.lateAt - performance.now());
    },
    took(tokens, ms) {
      msPerToken = msPerToken * 0.8 + (ms / Math.max(1, tokens)) * 0.2;
    },
    get batches() {
      return batches;
    },
  };
}
