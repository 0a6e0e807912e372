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

/** The digest of the newest GGUF file of the project that was made of what the adapter was trained on; or `null`. */
export async function findAdapterBase(
  database: Database,
  request: ImportRequest,
  inspection: Inspection | null = request.inspection,
): Promise<string | null> {
  const source = inspection?.facts.adapter?.base.source ?? null;
  if (source === null) return null;
  const versions = await database
    .withTables<RegistryTables>()
    .selectFrom('model_versions')
    .select('manifest')
    .where('organization_id', '=', request.organizationId)
    .where('project_id', '=', request.projectId)
    .where('state', '=', 'ready')
    .where(sql<boolean>`manifest->'adapter' is null`)
    .where(sql<boolean>`manifest->'lineage'->>'source' = ${source}`)
    .orderBy('ready_at', 'desc')
    .limit(20)
    .execute();
  const files = versions.flatMap(({ manifest }) =>
    manifest.files.filter(({ name }) => name.endsWith('.gguf')),
  );
  return files[0]?.sha256 ?? null;
}
