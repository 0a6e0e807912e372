import { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import { type EndingTimes, endUnused } from './end-requests.ts';
import { lockLostRows } from './lease-store.ts';
import { releaseRequests } from './release-requests.ts';

const portion = 200;
/** A request that has lost so many processes may itself be what ends them. */
const mostLosses = 20;

/**
 * Lets requests wait again whose process gives no sign any more; one that has lost too many ends. Returns how many.
 */
export async function takeBackLost(parts: EndingTimes & { readonly database: Database }): Promise<number> {
  return await parts.database.transaction().execute(async (transaction) => {
    const lost = await lockLostRows(transaction, portion);
    if (lost.length === 0) return 0;
    const hopeless = lost.filter(({ losses }) => losses + 1 >= mostLosses);
    const error = new SamovarError('engine.worker_lost');
    await endUnused(
      transaction,
      hopeless.map(({ id, attempt }) => ({ id, attempt, event: 'fail', error })),
      parts,
    );
    const released = lost.filter(({ losses }) => losses + 1 < mostLosses);
    await releaseRequests(
      transaction,
      released.map(({ id, attempt }) => ({ id, attempt, pauseMs: 0, failed: false, lost: true })),
      parts,
    );
    return lost.length;
  });
}
