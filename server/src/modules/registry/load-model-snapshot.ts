import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { RegistryTables } from './registry-tables.ts';
import type { ModelSnapshot, PendingModel, ServedModel } from './served-model.ts';

/** Everything of the registry that the data path reads, of every project: ready versions, aliases, what is not ready. */
export async function loadModelSnapshot(database: DatabaseOrTransaction): Promise<ModelSnapshot> {
  const versions = await selectCurrentVersions(database);
  const aliases = await database
    .withTables<RegistryTables>()
    .selectFrom('model_aliases')
    .selectAll()
    .execute();
  const models = new Map<string, ServedModel>();
  const pending = new Map<string, PendingModel>();
  const ready = new Map<string, ServedModel>();
  const byVersion = new Map<string, ServedModel>();
  const pendingById = new Map<string, PendingModel>();
  for (const row of versions) {
    const key = `${row.project_id}/${row.name}`;
    if (row.state === 'ready') {
      const served = servedModelOf(row);
      ready.set(row.version_id, served);
      byVersion.set(row.version_id, served);
      if (row.current) {
        models.set(key, served);
        ready.set(row.model_id, served);
      }
    } else {
      pendingById.set(row.version_id, { state: row.state });
      if (row.current) {
        pending.set(key, { state: row.state });
        pendingById.set(row.model_id, { state: row.state });
      }
    }
  }
  const aliasTargets = new Map<string, ServedModel>();
  for (const alias of aliases) {
    const key = `${alias.project_id}/${alias.name}`;
    const target = alias.version_id ?? alias.model_id;
    const served = ready.get(target);
    const waiting = pendingById.get(target);
    if (served) aliasTargets.set(key, served);
    else if (waiting) pending.set(key, waiting);
  }
  return { models, versions: byVersion, aliases: aliasTargets, pending };
}

type VersionRow = Awaited<ReturnType<typeof selectCurrentVersions>>[number];

/** Every version; `current` marks the one that its model's name means: the newest ready one, else the newest. */
async function selectCurrentVersions(database: DatabaseOrTransaction) {
  return await database
    .withTables<RegistryTables>()
    .selectFrom('model_versions as v')
    .innerJoin('models as m', 'm.id', 'v.model_id')
    .select([
      'v.id as version_id',
      'v.manifest',
      'v.state',
      'm.id as model_id',
      'm.organization_id',
      'm.project_id',
      'm.name',
      'm.owned_by',
      'm.created_at',
      sql<boolean>`row_number() over (partition by v.model_id order by (v.state = 'ready') desc, v.id desc) = 1`.as(
        'current',
      ),
    ])
    .execute();
}

function servedModelOf(row: VersionRow): ServedModel {
  return {
    modelId: row.model_id,
    versionId: row.version_id,
    name: row.name,
    organizationId: row.organization_id,
    projectId: row.project_id,
    task: row.manifest.task,
    createdAtSeconds: Math.floor(row.created_at.getTime() / 1000),
    ownedBy: row.owned_by,
    contextTokens: row.manifest.contextTokens,
    manifest: row.manifest,
  };
}
