import type { Clock } from '../../kernel/clock.ts';
import type { SamovarError } from '../../kernel/errors.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import { failureOf, finishOperations } from '../operations/index.ts';
import { writeUsageRecords } from '../usage/index.ts';
import { deleteRequests } from './queue-store.ts';
import { unusedRecord } from './unused-record.ts';

export interface EndingTimes {
  readonly clock: Clock;
  readonly settings: { readonly operationHours: number };
}

/** A locked request that ends before any engine had it. */
export interface UnusedRequest {
  readonly id: string;
  readonly attempt: number;
  readonly event: 'fail' | 'cancel' | 'expire';
  readonly error: SamovarError;
}

/** Ends locked requests without an answer: their operations, their places, and a record of no use for each. */
export async function endUnused(
  transaction: DatabaseTransaction,
  unused: readonly UnusedRequest[],
  { clock, settings }: EndingTimes,
): Promise<void> {
  if (unused.length === 0) return;
  const ends = unused.map(({ id, attempt, event, error }) => ({
    id,
    attempt,
    event,
    failure: failureOf(error),
  }));
  const times = { now: new Date(clock.now()), keptHours: settings.operationHours };
  await finishOperations(transaction, ends, times);
  const errors = new Map(unused.map(({ id, error }) => [id, error]));
  const gone = await deleteRequests(transaction, [...errors.keys()]);
  const records = gone.flatMap((facts) => {
    const error = errors.get(facts.id);
    return error ? [unusedRecord(facts, error, clock)] : [];
  });
  await writeUsageRecords(transaction, records);
}
