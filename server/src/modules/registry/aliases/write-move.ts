import { SamovarError } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import type { ConfigVersion } from '../../../kernel/ports/config-version.ts';
import type { DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { type AuditContext, recordAudit } from '../../audit/index.ts';
import type { AliasAction, AliasState } from './alias-state.ts';
import { type CurrentAlias, deleteAlias, writeAlias } from './alias-store.ts';
import type { AliasTables } from './alias-tables.ts';

export interface Move {
  readonly name: string;
  readonly action: AliasAction;
  readonly before: CurrentAlias | null;
  /** `null`: the alias is taken away. */
  readonly after: AliasState | null;
  readonly reason?: string | null;
  /** Of a rollback: the `seq` of the first move that it takes back. */
  readonly undoes?: string;
  readonly canaryId?: string;
  /** `alias.…` in the audit trail where it is not the action's own. */
  readonly audit?: string;
}

/**
 * Makes a move of an alias whose lock this transaction holds: the alias, its history, the audit record and what
 * replicas are told are one commit. Returns the alias after it. Throws `model.not_found`, and `request.not_found` of a
 * version, when what it is to mean has just been deleted.
 */
export async function writeMove(
  transaction: DatabaseTransaction,
  configVersion: ConfigVersion,
  context: AuditContext,
  move: Move,
): Promise<CurrentAlias | null> {
  const { name, action, before, after } = move;
  if (after !== null) await holdTargets(transaction, context.scope, after);
  const changed = await configVersion.bump(transaction, 'aliases');
  const revision = (before?.revision ?? 0) + 1;
  if (after === null) await deleteAlias(transaction, context.scope, name);
  else await writeAlias(transaction, context.scope, { name, state: after, revision, changed });
  await transaction
    .withTables<AliasTables>()
    .insertInto('alias_moves')
    .values({
      id: newId(),
      organization_id: context.scope.organizationId,
      project_id: context.scope.projectId,
      alias: name,
      action,
      before: before === null ? null : JSON.stringify(before.state),
      after: after === null ? null : JSON.stringify(after),
      undoes: move.undoes ?? null,
      canary_id: move.canaryId ?? null,
      reason: move.reason ?? null,
      actor_kind: context.actor.kind,
      actor_id: context.actor.id,
      request_id: context.requestId,
      changed,
    })
    .execute();
  await recordAudit(transaction, {
    ...context,
    action: `alias.${move.audit ?? action}`,
    target: { kind: 'alias', id: name },
    detail: {
      before: before === null ? null : summary(before.state),
      after: after === null ? null : summary(after),
      ...(move.reason && { reason: move.reason }),
    },
  });
  return after === null ? null : { state: after, revision };
}

/**
 * Keeps what an alias is to mean from being deleted until the transaction ends. Before the number of the configuration is
 * taken, as deletions do: whoever held the number and waited for a model would wait for one that waits for the number.
 */
async function holdTargets(
  transaction: DatabaseTransaction,
  { projectId }: Scope,
  { targets, fallbacks }: AliasState,
): Promise<void> {
  const meant = [...targets, ...fallbacks];
  const hold = async (table: 'models' | 'model_versions', ids: readonly string[]) => {
    const rows = await transaction
      .withTables<AliasTables>()
      .selectFrom(table)
      .select('id')
      .where('project_id', '=', projectId)
      .where('id', 'in', [...ids])
      .orderBy('id')
      .forKeyShare()
      .execute();
    return new Set(rows.map(({ id }) => id));
  };
  const models = await hold(
    'models',
    meant.map(({ modelId }) => modelId),
  );
  const lost = meant.find(({ modelId }) => !models.has(modelId));
  if (lost) throw new SamovarError('model.not_found', { params: { model: lost.model } });
  const wanted = meant.flatMap(({ versionId }) => (versionId === null ? [] : [versionId]));
  if (wanted.length === 0) return;
  const versions = await hold('model_versions', wanted);
  const gone = wanted.find((versionId) => !versions.has(versionId));
  if (gone) throw new SamovarError('request.not_found', { params: { kind: 'version', id: gone } });
}

/** `model@version=weight`, as people write it. */
function summary({ targets, fallbacks, scope }: AliasState): object {
  const text = ({ model, versionId }: { readonly model: string; readonly versionId: string | null }) =>
    versionId === null ? model : `${model}@${versionId}`;
  return {
    scope,
    targets: targets.map((target) => `${text(target)}=${target.weight}`),
    fallbacks: fallbacks.map((fallback) => `${text(fallback)} on ${fallback.on.join(', ')}`),
  };
}
