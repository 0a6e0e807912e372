import type { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import { type EndingTimes, endUnused } from './end-requests.ts';
import { lockWaitingRows, type WaitingPair } from './lease-store.ts';

const portion = 200;

/** Fails every request that waits for a model that will not answer. */
export async function failWaiting(
  parts: EndingTimes & { readonly database: Database },
  pairs: readonly WaitingPair[],
  error: SamovarError,
): Promise<void> {
  for (let count = portion; count === portion; )
    count = await parts.database.transaction().execute(async (transaction) => {
      const rows = await lockWaitingRows(transaction, pairs, portion);
      await endUnused(
        transaction,
        rows.map(({ id, attempt }) => ({ id, attempt, event: 'fail', error })),
        parts,
      );
      return rows.length;
    });
}
