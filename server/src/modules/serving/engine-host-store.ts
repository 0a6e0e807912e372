import type { ProcessIdentity } from '@samovar/contract/data-folder';
import { type Selectable, sql } from 'kysely';
import { newId } from '../../kernel/ids.ts';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { EngineMemories } from '../../kernel/ports/engine-driver.ts';
import type { ServingTables } from './serving-tables.ts';

/** A machine that runs model workers, as it announces itself. */
export interface EngineHostFacts {
  /** Stable and unique in the installation. */
  readonly name: string;
  readonly memoryBudgetBytes: number;
  readonly threads: number;
  /** Processor and cores in words: what measured facts depend on. */
  readonly hardware: string;
  /** Engines that can run there. */
  readonly engines: readonly string[];
  /** What a worker of each takes beside its model. */
  readonly engineMemory: EngineMemories;
  readonly identity: ProcessIdentity;
}

/** A held lease: the right to change rows of this host. */
export interface HostLease {
  readonly hostId: string;
  readonly token: string;
}

export interface HostRow {
  readonly id: string;
  readonly leased: boolean;
  readonly expired: boolean;
  readonly identity: ProcessIdentity;
}

const expiry = (leaseMs: number) => sql<Date>`now() + ${leaseMs} * interval '1 millisecond'`;

/** The row of this name, locked; `null` on a host's first start. */
export async function lockHostByName(
  transaction: DatabaseTransaction,
  name: string,
): Promise<HostRow | null> {
  const row = await transaction
    .withTables<ServingTables>()
    .selectFrom('engine_hosts')
    .selectAll()
    .select(sql<boolean>`lease_until < now()`.as('expired'))
    .where('name', '=', name)
    .forUpdate()
    .executeTakeFirst();
  return row ? hostRowOf(row) : null;
}

/** Writes the host with a new lease. The caller holds the row's lock, or knows that there is none. */
export async function writeHostLease(
  transaction: DatabaseTransaction,
  facts: EngineHostFacts,
  leaseMs: number,
): Promise<HostLease> {
  const values = {
    lease_token: newId(),
    lease_until: expiry(leaseMs),
    memory_budget_bytes: facts.memoryBudgetBytes,
    threads: facts.threads,
    engines: [...facts.engines],
    engine_memory: JSON.stringify(facts.engineMemory),
    pid: facts.identity.pid,
    process_started_at: facts.identity.startedAt,
    since: sql<Date>`now()`,
  };
  const row = await transaction
    .withTables<ServingTables>()
    .insertInto('engine_hosts')
    .values({ id: newId(), name: facts.name, ...values })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
    .returning('id')
    .executeTakeFirstOrThrow();
  return { hostId: row.id, token: values.lease_token };
}

/** Prolongs a lease; false when another process holds the host by now. */
export async function renewHostLease(
  database: DatabaseOrTransaction,
  lease: HostLease,
  leaseMs: number,
): Promise<boolean> {
  const row = await database
    .withTables<ServingTables>()
    .updateTable('engine_hosts')
    .set({ lease_until: expiry(leaseMs) })
    .where('id', '=', lease.hostId)
    .where('lease_token', '=', lease.token)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Gives the lease back, at an orderly end or in place of a host that gave no sign. */
export async function clearHostLease(
  transaction: DatabaseTransaction,
  hostId: string,
  token: string | null,
): Promise<void> {
  let update = transaction
    .withTables<ServingTables>()
    .updateTable('engine_hosts')
    .set({ lease_token: null, lease_until: sql<Date>`now()` })
    .where('id', '=', hostId);
  if (token !== null) update = update.where('lease_token', '=', token);
  await update.execute();
}

/** Hosts whose lease ran out without being given back; locked, those that somebody else looks after left out. */
export async function lockExpiredHosts(
  transaction: DatabaseTransaction,
  ownHostId: string,
): Promise<readonly string[]> {
  const rows = await transaction
    .withTables<ServingTables>()
    .selectFrom('engine_hosts')
    .select('id')
    .where('id', '!=', ownHostId)
    .where('lease_token', 'is not', null)
    .where('lease_until', '<', sql<Date>`now()`)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map((row) => row.id);
}

/** Forgets hosts that gave their lease back (or lost it) long ago and have not come again. */
export async function deleteForgottenHosts(
  transaction: DatabaseTransaction,
  afterDays: number,
): Promise<void> {
  const tables = transaction.withTables<ServingTables>();
  const forgotten = tables
    .selectFrom('engine_hosts')
    .select('id')
    .where('lease_token', 'is', null)
    .where('lease_until', '<', sql<Date>`now() - ${afterDays} * interval '1 day'`);
  await tables.deleteFrom('model_workers').where('host_id', 'in', forgotten).execute();
  await tables
    .deleteFrom('engine_hosts')
    .where('lease_token', 'is', null)
    .where('lease_until', '<', sql<Date>`now() - ${afterDays} * interval '1 day'`)
    .execute();
}

/** Locks this host's row against a take-over until the transaction ends; false when the lease is lost. */
export async function holdsLease(transaction: DatabaseTransaction, lease: HostLease): Promise<boolean> {
  const row = await transaction
    .withTables<ServingTables>()
    .selectFrom('engine_hosts')
    .select('id')
    .where('id', '=', lease.hostId)
    .where('lease_token', '=', lease.token)
    .forKeyShare()
    .executeTakeFirst();
  return row !== undefined;
}

function hostRowOf(row: Selectable<ServingTables['engine_hosts']> & { expired: boolean }): HostRow {
  return {
    id: row.id,
    leased: row.lease_token !== null,
    expired: row.expired,
    identity: { pid: row.pid, startedAt: row.process_started_at },
  };
}
