import { sql } from 'kysely';
import { newId } from '../../kernel/ids.ts';
import type { Database } from '../../kernel/ports/database.ts';
import { engineOf } from './engine-store.ts';
import type { RemoteEngine } from './remote-engine.ts';
import type { RemoteTables } from './remote-tables.ts';

/** A process that gives no sign for so long is taken for dead, and its probe made by another. */
const leaseSeconds = 45;

/** An engine that this process alone probes now. */
export interface ClaimedProbe {
  readonly engine: RemoteEngine;
  readonly token: string;
}

/** The engines whose probe is due, `limit` at most; with `engineId`, that one, due or not. */
export async function claimProbes(
  database: Database,
  limit: number,
  engineId?: string,
): Promise<readonly ClaimedProbe[]> {
  const token = newId();
  const tables = database.withTables<RemoteTables>();
  let due = tables
    .selectFrom('remote_engines')
    .select('id')
    .where('enabled', '=', true)
    .where((where) =>
      where.or([where('probe_until', 'is', null), where('probe_until', '<', sql<Date>`now()`)]),
    )
    .orderBy('next_probe_at')
    .limit(limit)
    .forUpdate()
    .skipLocked();
  due =
    engineId === undefined
      ? due.where('next_probe_at', '<=', sql<Date>`now()`)
      : due.where('id', '=', engineId);
  const rows = await tables
    // Chosen once: a subquery may be run for each row, and lock more than its limit.
    .with('due', () => due)
    .updateTable('remote_engines')
    .set({ probe_token: token, probe_until: leaseEnd() })
    .where('id', 'in', (from) => from.selectFrom('due').select('id'))
    .returningAll()
    .execute();
  return rows.map((row) => ({ engine: engineOf(row), token }));
}

/** Tells that the probe goes on. */
export async function extendProbe(database: Database, { engine, token }: ClaimedProbe): Promise<void> {
  await database
    .withTables<RemoteTables>()
    .updateTable('remote_engines')
    .set({ probe_until: leaseEnd() })
    .where('id', '=', engine.id)
    .where('probe_token', '=', token)
    .execute();
}

function leaseEnd() {
  return sql<Date>`now() + make_interval(secs => ${leaseSeconds})`;
}
