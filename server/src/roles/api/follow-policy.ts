import type { ServerSettings } from '../../config/load-settings.ts';
import { systemClock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { openPostgres, type Postgres } from '../../platform/postgres/connect-postgres.ts';
import { type ConfigWatch, watchConfigVersion } from '../../platform/postgres/watch-config-version.ts';
import { createPolicyHolder, type PolicyHolder } from './policy-snapshot.ts';

export interface FollowedPolicy {
  readonly postgres: Postgres;
  readonly watch: ConfigWatch;
  readonly policy: PolicyHolder;
  end(): Promise<void>;
}

/** Opens the database and keeps the policy snapshot as new as it says. */
export function followPolicy(settings: ServerSettings, log: Log): FollowedPolicy {
  const url = settings.postgresUrl;
  if (url === null)
    throw new SamovarError('setup.setting_invalid', {
      params: {
        name: 'SAMOVAR_POSTGRES_URL',
        source: 'the settings',
        reason: 'the role `api` needs it; the role `all` sets it by itself',
      },
    });
  const address = { url, caFile: settings.caFile, schema: settings.postgresSchema, log };
  const postgres = openPostgres({ ...address, poolSize: settings.postgresPoolSize });
  let confirmedAt: () => number | null = () => null;
  const policy = createPolicyHolder({
    database: postgres.database,
    awaySeconds: settings.postgresAwaySeconds,
    lastConfirmedAt: () => confirmedAt(),
    clock: systemClock,
  });
  const watch = watchConfigVersion({ ...address, onChange: (version) => policy.load(version) });
  confirmedAt = () => watch.lastConfirmedAt();
  return {
    postgres,
    watch,
    policy,
    async end() {
      await watch.stop();
      await postgres.end();
    },
  };
}
