import { sql } from 'kysely';
import type { ConfigVersion } from '../../kernel/ports/config-version.ts';

/** Channel on which a commit announces the new version; only a hint, the row is the truth. */
export const configChannel = 'samovar_config';

export type ConfigTables = {
  readonly config_version: { only_row: boolean; version: string };
};

/** Bumps the one row in the caller's transaction; the announcement leaves with its commit. */
export function createConfigVersion(): ConfigVersion {
  return {
    async bump(transaction) {
      await transaction
        .$extendTables<ConfigTables>()
        .updateTable('config_version')
        .set({ version: sql`version + 1` })
        .execute();
      await sql`select pg_notify(${configChannel}, '')`.execute(transaction);
    },
  };
}
