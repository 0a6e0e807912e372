import { sql } from 'kysely';
import type { ConfigSection, ConfigVersion } from '../../kernel/ports/config-version.ts';

/** Channel on which a commit announces the new version; only a hint, the row is the truth. */
export const configChannel = 'samovar_config';

/**
 * Bumps the one row in the caller's transaction; the announcement leaves with its commit. What names no section of its
 * own changes `usual`, or everything (a trigger sees to that).
 */
export function createConfigVersion(usual: ConfigSection | null = null): ConfigVersion {
  return {
    async bump(transaction, named) {
      const section = named ?? usual;
      const { rows } = await sql<{ bumped: string }>`
        update ${sql.table('config_version')}
        set version = version + 1${section === null ? sql`` : sql`, ${sql.ref(section)} = ${sql.ref(section)} + 1`}
        returning ${sql.ref(section ?? 'version')}::text as bumped`.execute(transaction);
      await sql`select pg_notify(${configChannel}, '')`.execute(transaction);
      const [row] = rows;
      if (!row) throw new Error('the table config_version is empty');
      return row.bumped;
    },
  };
}
