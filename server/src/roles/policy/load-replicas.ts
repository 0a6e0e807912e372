import type { Database } from '../../kernel/ports/database.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Sealing } from '../../kernel/ports/sealing.ts';
import { loadRemoteReplicas } from '../../modules/remote-engines/index.ts';
import { loadReplicaSnapshot, type ReplicaSnapshot } from '../../modules/serving/index.ts';

/** What answers, by version: workers of this installation, and engines that are connected to it. */
export async function loadReplicas(database: Database, sealing: Sealing, log: Log): Promise<ReplicaSnapshot> {
  const [serving, remote] = await Promise.all([
    loadReplicaSnapshot(database),
    loadRemoteReplicas(database, sealing, log),
  ]);
  if (remote.size === 0) return serving.replicas;
  const all = new Map(serving.replicas);
  for (const [versionId, replicas] of remote)
    all.set(versionId, [...(all.get(versionId) ?? []), ...replicas]);
  return all;
}
