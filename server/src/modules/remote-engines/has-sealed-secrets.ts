import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { RemoteTables } from './remote-tables.ts';

/** Whether a connected engine, of whatever project, has credentials that only the master key opens. */
export async function hasSealedSecrets(database: DatabaseOrTransaction): Promise<boolean> {
  const row = await database
    .withTables<RemoteTables>()
    .selectFrom('remote_engines')
    .select('id')
    .where('sealed_secrets', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
