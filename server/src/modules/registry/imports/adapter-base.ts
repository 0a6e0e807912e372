import { sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { Inspection } from '../../../kernel/ports/model-inspector.ts';
import type { RegistryTables } from '../registry-tables.ts';
import type { ImportRequest } from './import-request.ts';

/**
 * Throws `import.base_missing` for an adapter that tells what it was trained on when no model of the project has that
 * lineage, unless it is forced.
 */
export async function refuseStrangeAdapter(
  database: Database,
  request: ImportRequest,
  { servable, facts }: Inspection,
): Promise<void> {
  const source = facts.adapter?.base.source ?? null;
  if (servable !== 'adapter' || source === null || request.wanted.force === true) return;
  const found = await database
    .withTables<RegistryTables>()
    .selectFrom('model_versions')
    .select('id')
    .where('organization_id', '=', request.organizationId)
    .where('project_id', '=', request.projectId)
    .where(sql<boolean>`manifest->'adapter' is null`)
    .where(sql<boolean>`manifest->'lineage'->>'source' = ${source}`)
    .limit(1)
    .executeTakeFirst();
  if (found === undefined)
    throw new SamovarError('import.base_missing', { params: { model: request.modelName, base: source } });
}
