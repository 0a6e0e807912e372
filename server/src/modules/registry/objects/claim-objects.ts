import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database, DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { RegistryTables } from '../registry-tables.ts';

/** A collector that was lost in the middle of a removal holds nobody up for longer. */
export const removalMinutes = 10;
/** Longer than any stretch of work between two claims of the same file. */
const claimHours = 12;
const pauseMs = 200;

/**
 * Keeps these files of the object store from being collected for as long as `holder` (an import) is about to refer to
 * them: what `head` finds after this stays. Where the collector is removing one at this moment, this waits until it is
 * gone. Claims end with `releaseObjects`, or after half a day.
 */
export async function claimObjects(
  database: Database,
  holder: string,
  digests: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const sha256 of new Set(digests)) {
    while (!(await claim(database, holder, sha256))) await sleep(pauseMs, undefined, { signal });
  }
}

async function claim(database: Database, holder: string, sha256: string): Promise<boolean> {
  return await database.transaction().execute(async (transaction) => {
    if (!(await lockObject(transaction, sha256))) return false;
    await transaction
      .withTables<RegistryTables>()
      .insertInto('model_object_claims')
      .values({ sha256, holder, expires_at: sql<Date>`now() + make_interval(hours => ${claimHours})` })
      .onConflict((conflict) =>
        conflict
          .columns(['sha256', 'holder'])
          .doUpdateSet({ expires_at: (set) => set.ref('excluded.expires_at') }),
      )
      .execute();
    return true;
  });
}

/**
 * Locks the row of a file until the transaction ends, made when there is none, and takes it off the collector's list.
 * False: it is being removed.
 */
export async function lockObject(transaction: DatabaseTransaction, sha256: string): Promise<boolean> {
  const tables = transaction.withTables<RegistryTables>();
  await tables
    .insertInto('model_objects')
    .values({ sha256, unreferenced_since: null, deleting_since: null })
    .onConflict((conflict) => conflict.column('sha256').doNothing())
    .execute();
  const row = await tables
    .selectFrom('model_objects')
    .select(
      sql<boolean>`coalesce(deleting_since > now() - make_interval(mins => ${removalMinutes}), false)`.as(
        'removing',
      ),
    )
    .where('sha256', '=', sha256)
    .forUpdate()
    .executeTakeFirst();
  // Removed between the two: the collector has just ended.
  if (row === undefined || row.removing) return false;
  await tables
    .updateTable('model_objects')
    .set({ unreferenced_since: null, deleting_since: null })
    .where('sha256', '=', sha256)
    .execute();
  return true;
}

/** Gives up every claim of a holder: what it needs is referred to by now, or will not be. */
export async function releaseObjects(database: Database, holder: string): Promise<void> {
  await database
    .withTables<RegistryTables>()
    .deleteFrom('model_object_claims')
    .where('holder', '=', holder)
    .execute();
}
