import type { ServerSettings } from '../config/load-settings.ts';
import { SamovarError } from '../kernel/errors.ts';

/** The URL of PostgreSQL for a role that cannot be without. Throws `setup.setting_invalid` when it is unset. */
export function requiredPostgresUrl(
  settings: ServerSettings,
  role: 'api' | 'engine' | 'worker' | 'prepare',
): string {
  if (settings.postgresUrl !== null) return settings.postgresUrl;
  throw new SamovarError('setup.setting_invalid', {
    params: {
      name: 'SAMOVAR_POSTGRES_URL',
      source: 'the settings',
      reason: `the role \`${role}\` needs it; the role \`all\` sets it by itself`,
    },
  });
}
