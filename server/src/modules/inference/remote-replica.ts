import type { RemoteTarget, Replica } from '../serving/index.ts';

/** A replica of a foreign engine. */
export type RemoteReplica = Replica & { readonly remote: RemoteTarget };

export function isRemote(replica: Replica): replica is RemoteReplica {
  return replica.remote !== undefined;
}
