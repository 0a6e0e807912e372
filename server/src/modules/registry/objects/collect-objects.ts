import { sql } from 'kysely';
import { type Clock, steadyClock } from '../../../kernel/clock.ts';
import type { Database, DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { Log } from '../../../kernel/ports/log.ts';
import type { ObjectInfo, ObjectStore } from '../../../kernel/ports/object-store.ts';
import { modelFileKey } from '../get-version-files.ts';
import type { RegistryTables } from '../registry-tables.ts';
import { removalMinutes } from './claim-objects.ts';

export interface ObjectCollection {
  readonly database: Database;
  readonly objectStore: ObjectStore;
  /** How long a file of no model stays. */
  readonly graceHours: number;
  readonly log: Log;
  /** How long a decision takes; absent: as it is. */
  readonly clock?: Clock;
}

export interface CollectedObjects {
  /** Files of models in the object store, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** Those of no version and no import that runs. */
  readonly unreferencedFiles: number;
  readonly unreferencedBytes: number;
  /** Those whose grace time is over: removed, or what a dry run would remove. */
  readonly removedFiles: number;
  readonly removedBytes: number;
}

type Verdict = 'used' | 'unreferenced' | 'remove';

/** Where every file of a model lies; `modelFileKey` is its one writer. */
const prefix = 'models/sha256/';
/** Files that are judged with one query before any is locked. */
const portion = 500;
/** A collector that was held up for longer between its decision and the removal decides anew the next time. */
const promptMs = (removalMinutes * 60_000) / 2;

/**
 * Removes the files of the object store that no version refers to and no import has claimed, once they have been so for
 * the grace time. In two steps, so that nobody who is about to refer to a file loses it: a removal is written down
 * under the lock of the file's row, which whoever claims the file takes too, and only then made; a claim waits until
 * it is over and finds the file gone. `dryRun` changes nothing.
 */
export async function collectObjects(
  collection: ObjectCollection,
  { dryRun, signal }: { readonly dryRun: boolean; readonly signal: AbortSignal },
): Promise<CollectedObjects> {
  const counts = {
    files: 0,
    bytes: 0,
    unreferencedFiles: 0,
    unreferencedBytes: 0,
    removedFiles: 0,
    removedBytes: 0,
  };
  for await (const objects of portionsOf(collection.objectStore)) {
    counts.files += objects.length;
    counts.bytes += sum(objects);
    for (const { object, sha256 } of await unreferenced(collection.database, objects)) {
      signal.throwIfAborted();
      const verdict = dryRun
        ? await judge(collection, sha256)
        : await judgeAndRemove(collection, sha256, object.key);
      if (verdict === 'used') continue;
      counts.unreferencedFiles += 1;
      counts.unreferencedBytes += object.sizeBytes;
      if (verdict !== 'remove') continue;
      counts.removedFiles += 1;
      counts.removedBytes += object.sizeBytes;
    }
  }
  return counts;
}

async function judgeAndRemove(
  { database, objectStore, graceHours, log, clock = steadyClock }: ObjectCollection,
  sha256: string,
  key: string,
): Promise<Verdict> {
  const begunAt = clock.now();
  const verdict = await database
    .transaction()
    .execute((transaction) => condemn(transaction, sha256, graceHours));
  if (verdict !== 'remove') return verdict;
  if (clock.now() - begunAt > promptMs) return 'unreferenced';
  await objectStore.delete(key);
  log.info({ sha256 }, 'removed a file of no model');
  // Claims wait for this. One that is older than a removal may last has taken the row over: it stays.
  await database
    .withTables<RegistryTables>()
    .deleteFrom('model_objects')
    .where('sha256', '=', sha256)
    .where('deleting_since', 'is not', null)
    .execute();
  return verdict;
}

/** Writes down what is to become of a file, under the lock of its row. */
async function condemn(
  transaction: DatabaseTransaction,
  sha256: string,
  graceHours: number,
): Promise<Verdict> {
  const tables = transaction.withTables<RegistryTables>();
  await tables
    .insertInto('model_objects')
    .values({ sha256, unreferenced_since: null, deleting_since: null })
    .onConflict((conflict) => conflict.column('sha256').doNothing())
    .execute();
  await tables
    .selectFrom('model_objects')
    .select('sha256')
    .where('sha256', '=', sha256)
    .forUpdate()
    .execute();
  await tables
    .deleteFrom('model_object_claims')
    .where('sha256', '=', sha256)
    .where('expires_at', '<=', sql<Date>`now()`)
    .execute();
  // A statement of its own, after the lock: it sees what those who held it before have written.
  const verdict = await judgementOf(transaction, sha256, graceHours);
  const since = sql<Date>`coalesce(unreferenced_since, now())`;
  await tables
    .updateTable('model_objects')
    .set({
      unreferenced_since: verdict === 'used' ? null : since,
      deleting_since: verdict === 'remove' ? sql<Date>`now()` : null,
    })
    .where('sha256', '=', sha256)
    .execute();
  return verdict;
}

async function judge({ database, graceHours }: ObjectCollection, sha256: string): Promise<Verdict> {
  return await judgementOf(database, sha256, graceHours);
}

async function judgementOf(
  database: Database | DatabaseTransaction,
  sha256: string,
  graceHours: number,
): Promise<Verdict> {
  const tables = database.withTables<RegistryTables>();
  const { referred, claimed } = await tables
    .selectNoFrom((from) => [
      from
        .exists(from.selectFrom('model_files').select('sha256').where('sha256', '=', sha256))
        .as('referred'),
      from
        .exists(
          from
            .selectFrom('model_object_claims')
            .select('sha256')
            .where('sha256', '=', sha256)
            .where('expires_at', '>', sql<Date>`now()`),
        )
        .as('claimed'),
    ])
    .executeTakeFirstOrThrow();
  if (referred || claimed) return 'used';
  const row = await tables
    .selectFrom('model_objects')
    .select([
      sql<boolean>`unreferenced_since <= now() - make_interval(hours => ${graceHours})`.as('due'),
      sql<boolean>`coalesce(deleting_since > now() - make_interval(mins => ${removalMinutes}), false)`.as(
        'removing',
      ),
    ])
    .where('sha256', '=', sha256)
    .executeTakeFirst();
  // Another collector is at it.
  if (row?.removing) return 'used';
  return row?.due || graceHours === 0 ? 'remove' : 'unreferenced';
}

async function unreferenced(
  database: Database,
  objects: readonly ObjectInfo[],
): Promise<readonly { readonly object: ObjectInfo; readonly sha256: string }[]> {
  const found = objects.flatMap((object) => {
    const sha256 = object.key.slice(object.key.lastIndexOf('/') + 1);
    // What somebody else put beside our files is none of our business.
    return object.key === modelFileKey(sha256) ? [{ object, sha256 }] : [];
  });
  if (found.length === 0) return [];
  const rows = await database
    .withTables<RegistryTables>()
    .selectFrom('model_files')
    .select('sha256')
    .distinct()
    .where(
      'sha256',
      'in',
      found.map(({ sha256 }) => sha256),
    )
    .execute();
  const used = new Set(rows.map(({ sha256 }) => sha256));
  return found.filter(({ sha256 }) => !used.has(sha256));
}

async function* portionsOf(store: ObjectStore): AsyncGenerator<readonly ObjectInfo[]> {
  let objects: ObjectInfo[] = [];
  for await (const object of store.list(prefix)) {
    objects.push(object);
    if (objects.length < portion) continue;
    yield objects;
    objects = [];
  }
  if (objects.length > 0) yield objects;
}

function sum(objects: readonly ObjectInfo[]): number {
  return objects.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
}
