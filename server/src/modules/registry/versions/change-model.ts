import { sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import type { ConfigVersion } from '../../../kernel/ports/config-version.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import { type AuditContext, recordAudit } from '../../audit/index.ts';
import type { RegistryTables } from '../registry-tables.ts';
import { lockModel } from './delete-versions.ts';

export interface ModelChanges {
  readonly database: Database;
  readonly configVersion: ConfigVersion;
}

/** What is to become of a model; what is left out stays. */
export interface ModelChange {
  /** An archived model answers nobody any more: requests are told its successor. */
  readonly archived?: boolean;
  /** From when on answers warn of its end; `null`: no more. */
  readonly deprecatedAt?: Date | null;
  /** The model, or alias, to use instead. */
  readonly successor?: string | null;
}

/** Throws `model.not_found`. */
export async function changeModel(
  { database, configVersion }: ModelChanges,
  context: AuditContext,
  name: string,
  change: ModelChange,
): Promise<void> {
  if (change.successor === name)
    throw new SamovarError('request.invalid', {
      params: { parameter: 'successor', reason: 'it is the model itself.' },
      field: 'successor',
    });
  await database.transaction().execute(async (transaction) => {
    const model = await lockModel(transaction, context.scope, name);
    await transaction
      .withTables<RegistryTables>()
      .updateTable('models')
      .set({
        ...(change.archived !== undefined && {
          archived_at: change.archived ? sql<Date>`coalesce(archived_at, now())` : null,
        }),
        ...(change.deprecatedAt !== undefined && { deprecated_at: change.deprecatedAt }),
        ...(change.successor !== undefined && { successor: change.successor }),
        // Kysely needs one column at least; a name never changes.
        name,
      })
      .where('id', '=', model.id)
      .where('project_id', '=', model.projectId)
      .execute();
    await recordAudit(transaction, {
      ...context,
      action: 'model.change',
      target: { kind: 'model', id: model.id },
      detail: { name, ...change },
    });
    await configVersion.bump(transaction);
  });
}

/** What is to become of a version; what is left out stays. */
export interface VersionChange {
  /** The model's name no longer means it, and no alias that has another choice. */
  readonly archived?: boolean;
  /** The model's name means it from now on. */
  readonly current?: true;
}

/** Throws `model.not_found`, `request.not_found`, and `request.invalid` for a version that is not ready. */
export async function changeVersion(
  { database, configVersion }: ModelChanges,
  context: AuditContext,
  { name, versionId }: { readonly name: string; readonly versionId: string },
  change: VersionChange,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const model = await lockModel(transaction, context.scope, name);
    const tables = transaction.withTables<RegistryTables>();
    const version = await tables
      .selectFrom('model_versions')
      .select('state')
      .where('id', '=', versionId)
      .where('model_id', '=', model.id)
      .where('project_id', '=', model.projectId)
      .executeTakeFirst();
    if (version === undefined)
      throw new SamovarError('request.not_found', { params: { kind: 'version', id: versionId } });
    if (change.current && version.state !== 'ready')
      throw new SamovarError('request.invalid', {
        params: { parameter: 'current', reason: `the version is ${version.state}.` },
        field: 'current',
      });
    const archived = change.current ? false : change.archived;
    await tables
      .updateTable('model_versions')
      .set({
        ...(archived !== undefined && {
          archived_at: archived ? sql<Date>`coalesce(archived_at, now())` : null,
        }),
        ...(change.current && { current_since: sql<Date>`clock_timestamp()` }),
        state: version.state,
      })
      .where('id', '=', versionId)
      .where('project_id', '=', model.projectId)
      .execute();
    await recordAudit(transaction, {
      ...context,
      action: 'version.change',
      target: { kind: 'model-version', id: versionId },
      detail: { name, ...change },
    });
    await configVersion.bump(transaction);
  });
}
