import { sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import type { ConfigVersion } from '../../../kernel/ports/config-version.ts';
import type { Database, DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { type AuditContext, recordAudit } from '../../audit/index.ts';
import type { AliasTables } from '../aliases/alias-tables.ts';
import type { VersionUsers } from './version-users.ts';

export interface VersionChanges {
  readonly database: Database;
  readonly configVersion: ConfigVersion;
  readonly users: VersionUsers;
}

/**
 * Deletes a model with all its versions. Its files stay in the object store until no other model has them and their
 * grace is over. Throws `model.not_found`, and `registry.in_use` while an alias or a deployment uses it.
 */
export async function deleteModel(
  changes: VersionChanges,
  context: AuditContext,
  name: string,
): Promise<void> {
  await changes.database.transaction().execute(async (transaction) => {
    const model = await lockModel(transaction, context.scope, name);
    const versionIds = await versionsOf(transaction, model);
    const aliases = await aliasUses(transaction, model, { versionIds, whole: true });
    await remove(changes, transaction, {
      context,
      model,
      name,
      versionIds,
      aliases,
      what: `The model ${name}`,
    });
    await recordAudit(transaction, {
      ...context,
      action: 'model.delete',
      target: { kind: 'model', id: model.id },
      detail: { name },
    });
  });
}

/**
 * Deletes one version; the model goes with its last one. Throws `model.not_found`, `request.not_found`, and
 * `registry.in_use`.
 */
export async function deleteVersion(
  changes: VersionChanges,
  context: AuditContext,
  { name, versionId }: { readonly name: string; readonly versionId: string },
): Promise<void> {
  await changes.database.transaction().execute(async (transaction) => {
    const model = await lockModel(transaction, context.scope, name);
    const all = await versionsOf(transaction, model);
    if (!all.includes(versionId))
      throw new SamovarError('request.not_found', { params: { kind: 'version', id: versionId } });
    const aliases = await aliasUses(transaction, model, { versionIds: [versionId], whole: all.length === 1 });
    await remove(changes, transaction, {
      context,
      model,
      name,
      versionIds: [versionId],
      aliases,
      what: `The version ${versionId} of ${name}`,
    });
    await recordAudit(transaction, {
      ...context,
      action: 'version.delete',
      target: { kind: 'model-version', id: versionId },
      detail: { name },
    });
  });
}

interface LockedModel extends Scope {
  readonly id: string;
}

interface Removal {
  readonly context: AuditContext;
  readonly model: LockedModel;
  readonly name: string;
  readonly versionIds: readonly string[];
  readonly aliases: readonly string[];
  /** As the refusal says it. */
  readonly what: string;
}

async function remove(
  { configVersion, users }: VersionChanges,
  transaction: DatabaseTransaction,
  { context, model, versionIds, aliases, what }: Removal,
): Promise<void> {
  const uses = [...aliases, ...(await users.usesOf(transaction, context.scope, versionIds))];
  if (uses.length > 0)
    throw new SamovarError('registry.in_use', { params: { what, users: uses.join(', ') } });
  await users.forget(transaction, versionIds);
  const tables = transaction.withTables<AliasTables>();
  for (const table of ['model_imports', 'model_files'] as const)
    await tables
      .deleteFrom(table)
      .where('project_id', '=', model.projectId)
      .where('version_id', 'in', [...versionIds])
      .execute();
  await tables
    .deleteFrom('model_versions')
    .where('project_id', '=', model.projectId)
    .where('id', 'in', [...versionIds])
    .execute();
  if ((await versionsOf(transaction, model)).length === 0)
    await tables
      .deleteFrom('models')
      .where('id', '=', model.id)
      .where('project_id', '=', model.projectId)
      .execute();
  await configVersion.bump(transaction);
}

export async function lockModel(
  transaction: DatabaseTransaction,
  scope: Scope,
  name: string,
): Promise<LockedModel> {
  const row = await transaction
    .withTables<AliasTables>()
    .selectFrom('models')
    .select('id')
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('name', '=', name)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw new SamovarError('model.not_found', { params: { model: name.slice(0, 256) } });
  return { id: row.id, organizationId: scope.organizationId, projectId: scope.projectId };
}

async function versionsOf(transaction: DatabaseTransaction, model: LockedModel): Promise<string[]> {
  const rows = await transaction
    .withTables<AliasTables>()
    .selectFrom('model_versions')
    .select('id')
    .where('model_id', '=', model.id)
    .where('project_id', '=', model.projectId)
    .execute();
  return rows.map(({ id }) => id);
}

/** Aliases that point at these versions, or at the model where nothing of it would be left. */
async function aliasUses(
  transaction: DatabaseTransaction,
  model: LockedModel,
  { versionIds, whole }: { readonly versionIds: readonly string[]; readonly whole: boolean },
): Promise<string[]> {
  if (versionIds.length === 0) return [];
  const tables = transaction.withTables<AliasTables>();
  const pointsThere = sql<boolean>`(version_id = any (${[...versionIds]}::uuid[])
    or (${whole} and model_id = ${model.id}))`;
  const rows = await tables
    .selectFrom('model_aliases')
    .select('name')
    .where('project_id', '=', model.projectId)
    .where(pointsThere)
    .union(
      tables
        .selectFrom('alias_targets')
        .select('alias as name')
        .where('project_id', '=', model.projectId)
        .where(pointsThere),
    )
    .execute();
  return rows.map(({ name }) => `the alias ${name}`).sort();
}
