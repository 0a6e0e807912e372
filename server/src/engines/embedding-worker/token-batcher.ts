import { SamovarError } from '../../kernel/errors.ts';
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
  /** Tokens of one batch at most, padding included; a longer input runs alone. */
  readonly budgetTokens: number;
  /** Inputs that may wait. */
  readonly queueLimit: number;
  /** Takes a batch where more waits than one. */
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
 * Batches across requests: the longest waiting input leads, those nearest to it in length fill its batch up to the
 * token budget, so little is spent on padding and none waits behind newer ones for long. Nothing waits for company: an
 * idle model runs at once, a busy one gathers the next batch meanwhile. What waits beyond one batch a spare thread may
 * take; what that cannot do in good time is computed here after all.
 */
export function createTokenBatcher(options: TokenBatcherOptions): TokenBatcher {
  let waiting: Waiting[] = [];
  let running = false;
  let batches = 0;
  let inputsDone = 0;
  let paddingTokens = 0;

  const lender: BatchLender<readonly Waiting[]> | null =
    options.spareThread === null
      ? null
      : createBatchLender(options.spareThread, {
          done: (batch, made) => deliver(batch, { made }),
          // Whatever it leaves is taken up at once.
          freed: () => wake(),
        });

  const take = (): Taken | null => {
    const [batch, rest] = takeBatch(waiting, options.budgetTokens);
    waiting = rest;
    if (batch.length === 0) return null;
    const lengths = batch.map((each) => each.input.length);
    const tokens = Math.max(...lengths) * lengths.length;
    batches += 1;
    inputsDone += batch.length;
    paddingTokens += tokens - lengths.reduce((sum, each) => sum + each, 0);
    return { batch, inputs: batch.map((each) => each.input), tokens };
  };

  /** What waits beyond the batch that is computed here. */
  const lend = (): void => {
    if (waiting.length === 0 || !lender?.isReady()) return;
    const work = take();
    if (work !== null) lender.lend(work);
  };

  /** Takes the next batch and starts it; `null` when nothing waits. */
  const begin = (): RunningBatch | null => {
    const late = lender?.takeLate() ?? null;
    const work = late === null ? take() : { batch: late, inputs: late.map((each) => each.input), tokens: 0 };
    if (work === null) return null;
    lend();
    const beganAt = performance.now();
    const vectors = options.run(work.inputs).then(
      (made) => {
        if (work.tokens > 0) lender?.took(work.tokens, performance.now() - beganAt);
        return { made };
      },
      (error: unknown) => ({ error }),
    );
    return { batch: work.batch, vectors };
  };

  const work = async (): Promise<void> => {
    let current: RunningBatch | null = null;
    do {
      // Whatever arrives in this turn of the loop still joins.
      await new Promise((resolve) => setImmediate(resolve));
      current = begin();
      while (current !== null) {
        const outcome = await current.vectors;
        // The next batch is computed while the answers of this one are written.
        const next = begin();
        deliver(current.batch, outcome);
        current = next;
      }
    } while (waiting.length > 0);
    running = false;
    wake();
  };

  /** Works where there is something to do and nobody does it; else looks again when a lent batch is late. */
  const wake = (): void => {
    if (running) return;
    const lateInMs = lender?.lateInMs ?? null;
    if (waiting.length === 0 && lateInMs !== 0) {
      if (lateInMs !== null) setTimeout(wake, lateInMs + 1);
      return;
    }
    running = true;
    void work();
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

/** Splits what waits into the next batch and the rest. Work past its deadline is refused on the way. */
function takeBatch(waiting: readonly Waiting[], budgetTokens: number): [Waiting[], Waiting[]] {
  const now = Date.now();
  const alive = waiting.filter((each) => {
    if (each.job.deadline === null || each.job.deadline >= now) return true;
    each.failed(new SamovarError('engine.deadline_passed'));
    return false;
  });
  const leader = alive.find((each) => each.job.priority === 'interactive') ?? alive[0];
  if (leader === undefined) return [[], []];
  const distance = (each: Waiting) => Math.abs(each.input.length - leader.input.length);
  const nearest = alive.toSorted((a, b) => distance(a) - distance(b));
  const batch = new Set<Waiting>([leader]);
  let longest = leader.input.length;
  for (const each of nearest) {
    const length = Math.max(longest, each.input.length);
    if (length * (batch.size + 1) > budgetTokens) break;
    batch.add(each);
    longest = length;
  }
  return [[...batch], alive.filter((each) => !batch.has(each))];
}
