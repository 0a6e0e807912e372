import { SamovarError } from '../../kernel/errors.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import { releaseOperations } from '../operations/index.ts';
import { type EndingTimes, endUnused } from './end-requests.ts';
import { type ReleasedRow, releaseRows } from './lease-store.ts';

export interface ReleasedRequest extends ReleasedRow {
  /** The attempt that came to nothing. */
  readonly attempt: number;
}

/**
 * Lets locked requests wait again whose attempts came to nothing. Those that somebody cancelled meanwhile end: nobody
 * would look at them again before their next turn.
 */
export async function releaseRequests(
  transaction: DatabaseTransaction,
  released: readonly ReleasedRequest[],
  parts: EndingTimes,
): Promise<void> {
  if (released.length === 0) return;
  await releaseRows(transaction, released);
  const cancelled = await releaseOperations(transaction, released, new Date(parts.clock.now()));
  const error = new SamovarError('operation.cancelled');
  const ended = released.filter(({ id }) => cancelled.has(id));
  await endUnused(
    transaction,
    ended.map(({ id, attempt }) => ({ id, attempt, event: 'cancel', error })),
    parts,
  );
}
