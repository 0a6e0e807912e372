import { SamovarError } from '../../kernel/errors.ts';
import { chooseBatch } from './choose-batch.ts';
import { type BatchLender, createBatchLender } from './lent-batch.ts';
import type { SpareThread } from './spare-thread.ts';

/** Inputs of one request, run together or in parts with those of others. */
export interface BatchJob {
  readonly inputs: readonly (readonly number[])[];
  readonly priority: 'interactive' | 'background';
  /** Milliseconds since the epoch after which the work must not begin; `null` when there is none. */
  readonly deadline: number | null;
}

export interface TokenBatcher {
  /** Queues a request's inputs; throws `engine.busy` at once when they do not fit into the queue. */
  submit(job: BatchJob): { readonly vectors: Promise<Float32Array[]>; cancel(): void };
  /** Inputs that wait. */
  readonly queued: number;
  readonly batches: number;
  /** Those of them that the spare thread computed. */
  readonly spareBatches: number;
  readonly inputsDone: number;
  /** Tokens that were computed for padding alone. */
  readonly paddingTokens: number;
}

export interface TokenBatcherOptions {
  run(inputs: readonly (readonly number[])[]): Promise<Float32Array[]>;
  /**
   * Whether `run` holds the loop of this thread while it computes. Then the next batch is chosen once the answers of
   * the last are written and what came meanwhile is read; else at once, and computed meanwhile.
   */
  readonly holdsLoop: boolean;
  /** Tokens of one batch at most, padding included; a longer input runs alone. */
  readonly budgetTokens: number;
  /** Inputs that may wait. */
  readonly queueLimit: number;
  /** Takes batches where more waits than one. */
  readonly spareThread: SpareThread | null;
}

interface Waiting {
  readonly input: readonly number[];
  readonly job: BatchJob;
  done(vector: Float32Array): void;
  failed(error: unknown): void;
  dropped: boolean;
}

/**
 * Batches across requests (`chooseBatch`). Nothing waits for company: an idle model runs at once, a busy one gathers
 * the next batch meanwhile. What waits beyond one batch a spare thread may take; what that does not begin or cannot do
 * in good time is computed here after all.
 */
export function createTokenBatcher(options: TokenBatcherOptions): TokenBatcher {
  let waiting: Waiting[] = [];
  let running = false;
  let batches = 0;
  let inputsDone = 0;
  let paddingTokens = 0;
  let willLook = false;

  const lender: BatchLender<readonly Waiting[]> | null =
    options.spareThread === null
      ? null
      : createBatchLender(options.spareThread, {
          done: (batch, made) => deliver(batch, { made }),
          // Whatever it leaves is taken up at once.
          freed: () => wake(),
        });

  const take = (): Taken | null => {
    const [batch, rest] = chooseBatch(inTime(waiting), options.budgetTokens);
    waiting = rest;
    if (batch.length === 0) return null;
    const taken = asTaken(batch);
    batches += 1;
    inputsDone += batch.length;
    paddingTokens += taken.tokens - batch.reduce((sum, { input }) => sum + input.length, 0);
    return taken;
  };

  const takeUnbegun = (): Taken | null => {
    const batch = lender?.takeUnbegun() ?? null;
    return batch === null ? null : asTaken(batch);
  };

  /** What waits beyond the batch that is computed here. */
  const lend = (): void => {
    while (waiting.length > 0 && lender?.canLend()) {
      const work = take();
      if (work !== null) lender.lend(work);
    }
  };

  /** Takes the next batch and starts it; `null` when nothing waits. */
  const begin = (): RunningBatch | null => {
    const late = lender?.takeLate() ?? null;
    const work = late === null ? (take() ?? takeUnbegun()) : asTaken(late);
    if (work === null) return null;
    lend();
    const beganAt = performance.now();
    const vectors = options.run(work.inputs).then(
      (made) => {
        lender?.took(work.tokens, performance.now() - beganAt);
        return { made };
      },
      (error: unknown) => ({ error }),
    );
    return { batch: work.batch, vectors };
  };

  const work = async (): Promise<void> => {
    // Whatever arrives in this turn of the loop still joins.
    await nextTurn();
    let current = begin();
    while (current !== null) {
      const outcome = await current.vectors;
      if (options.holdsLoop) {
        deliver(current.batch, outcome);
        // What came meanwhile is read first, so that the next batch can be chosen from it.
        await nextTurn();
        current = begin();
      } else {
        // The next batch is computed while the answers of this one are written.
        const next = begin();
        deliver(current.batch, outcome);
        current = next;
      }
    }
    running = false;
    wake();
  };

  /** Works where there is something to do and nobody does it; else looks again when a lent batch is late. */
  const wake = (): void => {
    if (running) return;
    const lateInMs = lender?.lateInMs ?? null;
    if (waiting.length > 0 || lateInMs === 0) {
      running = true;
      void work();
    } else if (lateInMs !== null && !willLook) {
      willLook = true;
      setTimeout(() => {
        willLook = false;
        wake();
      }, lateInMs + 1);
    }
  };

  return {
    submit(job) {
      if (waiting.length + job.inputs.length > options.queueLimit && waiting.length > 0)
        throw new SamovarError('engine.busy', { retryAfterSeconds: 1 });
      const entries: Waiting[] = [];
      const vectors = Promise.all(
        job.inputs.map(
          (input) =>
            new Promise<Float32Array>((done, failed) => {
              entries.push({ input, job, done, failed, dropped: false });
            }),
        ),
      );
      waiting.push(...entries);
      wake();
      return {
        vectors,
        cancel() {
          const cause = new Error('the client left');
          for (const entry of entries) {
            entry.dropped = true;
            entry.failed(cause);
          }
          waiting = waiting.filter((entry) => !entry.dropped);
        },
      };
    },
    get queued() {
      return waiting.length;
    },
    get batches() {
      return batches;
    },
    get spareBatches() {
      return lender?.batches ?? 0;
    },
    get inputsDone() {
      return inputsDone;
    },
    get paddingTokens() {
      return paddingTokens;
    },
  };
}

interface Taken {
  readonly batch: readonly Waiting[];
  readonly inputs: readonly (readonly number[])[];
  /** Padding included. */
  readonly tokens: number;
}

interface RunningBatch {
  readonly batch: readonly Waiting[];
  readonly vectors: Promise<Outcome>;
}

type Outcome = { readonly made: readonly Float32Array[] } | { readonly error: unknown };

function deliver(batch: readonly Waiting[], outcome: Outcome): void {
  for (const [index, each] of batch.entries()) {
    const vector = 'made' in outcome ? outcome.made[index] : undefined;
    if (vector !== undefined) each.done(vector);
    else
      each.failed('error' in outcome ? outcome.error : new Error('the model gave fewer vectors than inputs'));
  }
}

/** What may still begin; work past its deadline is refused. */
function inTime(waiting: readonly Waiting[]): readonly Waiting[] {
  const now = Date.now();
  const late = waiting.filter(({ job }) => job.deadline !== null && job.deadline < now);
  for (const each of late) each.failed(new SamovarError('engine.deadline_passed'));
  return late.length === 0 ? waiting : waiting.filter((each) => !late.includes(each));
}

function asTaken(batch: readonly Waiting[]): Taken {
  const inputs = batch.map((each) => each.input);
  return { batch, inputs, tokens: inputs.length * Math.max(...inputs.map((each) => each.length)) };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
