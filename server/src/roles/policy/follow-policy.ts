import type { ServerSettings } from '../../config/load-settings.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { NewerPolicy } from '../../kernel/ports/newer-policy.ts';
import type { Sealing } from '../../kernel/ports/sealing.ts';
import { openPostgres, type Postgres } from '../../platform/postgres/connect-postgres.ts';
import { type ConfigWatch, watchConfigVersion } from '../../platform/postgres/watch-config-version.ts';
import { requiredPostgresUrl } from '../required-postgres-url.ts';
import { loadReplicas } from './load-replicas.ts';
import { createNewerPolicy } from './newer-policy.ts';
import { createPolicyHolder, type PolicyHolder } from './policy-snapshot.ts';

export interface FollowedPolicy {
  readonly postgres: Postgres;
  readonly watch: ConfigWatch;
  readonly policy: PolicyHolder;
  readonly newerPolicy: NewerPolicy;
  end(): Promise<void>;
}

/** Opens the database and keeps the policy snapshot as new as it says. `sealing` opens the keys of connected engines. */
export function followPolicy(
  settings: ServerSettings,
  log: Log,
  role: 'api' | 'worker',
  sealing: Sealing,
): FollowedPolicy {
  const url = requiredPostgresUrl(settings, role);
  const address = { url, caFile: settings.caFile, schema: settings.postgresSchema, log };
  const postgres = openPostgres({ ...address, poolSize: settings.postgresPoolSize });
  let confirmedAt: () => number | null = () => null;
  const policy = createPolicyHolder({
    database: postgres.database,
    awaySeconds: settings.postgresAwaySeconds,
    lastConfirmedAt: () => confirmedAt(),
    clock: systemClock,
    loadReplicas: () => loadReplicas(postgres.database, sealing, log),
  });
  const watch = watchConfigVersion({ ...address, onChange: policy.load });
  confirmedAt = () => watch.lastConfirmedAt();
  return {
    postgres,
    watch,
    policy,
    newerPolicy: createNewerPolicy(policy, () => watch.catchUp()),
    async end() {
      await watch.stop();
      await postgres.end();
    },
  };
}
