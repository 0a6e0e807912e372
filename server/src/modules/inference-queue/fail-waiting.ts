import type { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import { type EndingTimes, endUnused } from './end-requests.ts';
import { lockWaitingRows, type WaitingPair } from './lease-store.ts';

const portion = 200;
/** Others are not kept waiting for their turn by a model with many requests: the next look goes on. */
const mostPortions = 5;

export interface WaitingFailure {
  readonly error: SamovarError;
  /** Only what has waited for so long: what was asked for a moment ago may just not be known here yet. */
  readonly waitedMs: number;
}

/** Fails requests that wait for a model that will not answer; false when there are more of them. */
export async function failWaiting(
  parts: EndingTimes & { readonly database: Database },
  pairs: readonly WaitingPair[],
  { error, waitedMs }: WaitingFailure,
): Promise<boolean> {
  if (pairs.length === 0) return true;
  for (let portions = 0; portions < mostPortions; portions += 1) {
    const count = await parts.database.transaction().execute(async (transaction) => {
      const rows = await lockWaitingRows(transaction, pairs, { limit: portion, waitedMs });
      const failed = rows.map(({ id, attempt }) => ({ id, attempt, event: 'fail' as const, error }));
      await endUnused(transaction, failed, parts);
      return rows.length;
    });
    if (count < portion) return true;
  }
  return false;
}
