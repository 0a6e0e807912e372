import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';

type ProjectTables = { projects: { id: string; organization_id: string } };

/** The ids of the projects of an organization. */
export async function listProjectIds(
  database: DatabaseOrTransaction,
  organizationId: string,
): Promise<string[]> {
  const rows = await database
    .withTables<ProjectTables>()
    .selectFrom('projects')
    .select('id')
    .where('organization_id', '=', organizationId)
    .execute();
  return rows.map(({ id }) => id);
}
