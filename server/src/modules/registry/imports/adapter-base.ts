import type { ModelManifest } from '@samovar/contract/worker-protocol';
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

/** A GGUF file of the project that an adapter may be converted for. */
export interface AdapterBase {
  readonly model: string;
  readonly sha256: string;
  /** It was made of what the adapter was trained on. */
  readonly isOfLineage: boolean;
}

/**
 * GGUF files of the project that the adapter may be converted for: the newest that was made of what it was trained on,
 * or, where there is none and the import is forced, those of the newest chat models, the newest first.
 */
export async function findAdapterBases(
  database: Database,
  request: ImportRequest,
  inspection: Inspection | null = request.inspection,
): Promise<readonly AdapterBase[]> {
  const source = inspection?.facts.adapter?.base.source ?? null;
  const versions = database
    .withTables<RegistryTables>()
    .selectFrom('model_versions')
    .select('manifest')
    .where('organization_id', '=', request.organizationId)
    .where('project_id', '=', request.projectId)
    .where('state', '=', 'ready')
    .where(sql<boolean>`manifest->'adapter' is null`)
    .orderBy('ready_at', 'desc')
    .limit(20);
  const ofLineage =
    source === null
      ? []
      : ggufFiles(
          await versions.where(sql<boolean>`manifest->'lineage'->>'source' = ${source}`).execute(),
          true,
        );
  if (ofLineage.length > 0 || request.wanted.force !== true) return ofLineage.slice(0, 1);
  return ggufFiles(await versions.where(sql<boolean>`manifest->>'task' = 'chat'`).execute(), false);
}

function ggufFiles(
  versions: readonly { readonly manifest: ModelManifest }[],
  isOfLineage: boolean,
): readonly AdapterBase[] {
  return versions.flatMap(({ manifest }) =>
    manifest.files
      .filter(({ name }) => name.endsWith('.gguf'))
      .slice(0, 1)
      .map(({ sha256 }) => ({ model: manifest.name, sha256, isOfLineage })),
  );
}
