import { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import { releaseOperations } from '../operations/index.ts';
import { type EndingTimes, endUnused } from './end-requests.ts';
import { lockLostRows, releaseRows } from './lease-store.ts';

const portion = 200;
/** A request that was claimed so often without an outcome may itself be what ends the processes. */
const mostAttempts = 20;

/**
 * Lets requests wait again whose process gives no sign any more; one that has lost too many ends. Returns how many.
 */
export async function takeBackLost(parts: EndingTimes & { readonly database: Database }): Promise<number> {
  return await parts.database.transaction().execute(async (transaction) => {
    const lost = await lockLostRows(transaction, portion);
    if (lost.length === 0) return 0;
    const hopeless = lost.filter(({ attempt }) => attempt >= mostAttempts);
    const error = new SamovarError('engine.worker_lost');
    await endUnused(
      transaction,
      hopeless.map(({ id, attempt }) => ({ id, attempt, event: 'fail', error })),
      parts,
    );
    const released = lost.filter(({ attempt }) => attempt < mostAttempts);
    await releaseRows(
      transaction,
      released.map(({ id }) => ({ id, pauseMs: 0, failed: false })),
    );
    await releaseOperations(transaction, released, new Date(parts.clock.now()));
    return lost.length;
  });
}
