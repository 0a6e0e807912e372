import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';

type ProjectTables = { projects: { id: string; name: string } };

/** Names of all projects by their ids, for callers that name the project they mean. */
export async function loadProjectNames(
  database: DatabaseOrTransaction,
): Promise<ReadonlyMap<string, string>> {
  const rows = await database
    .withTables<ProjectTables>()
    .selectFrom('projects')
    .select(['id', 'name'])
    .execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}
