import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Replica, ReplicaSnapshot } from './replica.ts';
import type { ServingTables } from './serving-tables.ts';

/** Everything of this module that the data path reads, immutable. */
export interface ServingSnapshot {
  readonly replicas: ReplicaSnapshot;
}

/**
 * Loads what the data path reads. Workers of a host that gives no sign stay in it until another host (or the same,
 * started again) has released them: when PostgreSQL was away, all leases look old while all workers still answer.
 */
export async function loadReplicaSnapshot(database: DatabaseOrTransaction): Promise<ServingSnapshot> {
  const rows = await database
    .withTables<ServingTables>()
    .selectFrom('model_workers')
    .select(['id', 'version_id', 'address', 'lane', 'slots'])
    .where('state', '=', 'ready')
    .where('address', 'is not', null)
    .orderBy('id')
    .execute();
  const replicas = new Map<string, Replica[]>();
  for (const row of rows) {
    if (row.address === null) continue;
    const ofVersion = replicas.get(row.version_id) ?? [];
    ofVersion.push({
      workerId: row.id,
      versionId: row.version_id,
      address: row.address,
      lane: row.lane,
      slots: row.slots,
    });
    replicas.set(row.version_id, ofVersion);
  }
  return { replicas };
}
