import { sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import type { DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { AuditContext } from '../../audit/index.ts';
import type { AliasDependencies } from './alias-dependencies.ts';
import type { AliasState, AliasTarget } from './alias-state.ts';
import { type CurrentAlias, modelExists } from './alias-store.ts';
import { endCanary } from './canary-store.ts';
import { changeAlias, type MoveOptions, noSuchAlias } from './change-alias.ts';
import { describeTarget } from './find-target.ts';
import { writeMove } from './write-move.ts';

/**
 * Takes back the last move that has not been taken back, all steps of a canary as one: what answered before it answers
 * again. Twice goes two moves back. Brings an alias back whose last move was its removal. Throws `request.not_found`,
 * `alias.nothing_to_roll_back`, `alias.target_gone`, `alias.changed`.
 */
export async function rollbackAlias(
  deps: AliasDependencies,
  context: AuditContext,
  called: string,
  options: MoveOptions = {},
): Promise<CurrentAlias> {
  return await changeAlias(deps, context, called, options, async (transaction, { name, current }) => {
    await endCanary(transaction, context.scope, name, {
      state: 'rolled-back',
      reason: options.reason ?? 'rolled back by hand',
    });
    return await takeBackMove(transaction, deps, context, { name, current, reason: options.reason ?? null });
  });
}

/** The same within a transaction that holds the alias's lock, for who has ended the canary itself. */
export async function takeBackMove(
  transaction: DatabaseTransaction,
  { configVersion }: Pick<AliasDependencies, 'configVersion'>,
  context: AuditContext,
  move: { readonly name: string; readonly current: CurrentAlias | null; readonly reason: string | null },
): Promise<CurrentAlias> {
  const { name, current, reason } = move;
  const last = await lastMove(transaction, context.scope, name);
  if (last === null && current === null) throw noSuchAlias(name);
  if (!last?.before) throw new SamovarError('alias.nothing_to_roll_back', { params: { alias: name } });
  const { before } = last;
  for (const target of [...before.targets, ...before.fallbacks])
    await refuseGone(transaction, context.scope, name, target);
  if (current === null && (await modelExists(transaction, context.scope, name)))
    throw new SamovarError('request.invalid', {
      params: { parameter: 'alias', reason: 'a model has this name now.' },
      field: 'alias',
    });
  // What was said of it since then stays; an alias that was away comes back as it was.
  const after: AliasState =
    current === null
      ? { ...before, scope: 'project' }
      : { ...current.state, targets: before.targets, fallbacks: before.fallbacks };
  const moved = await writeMove(transaction, configVersion, context, {
    name,
    action: 'rollback',
    before: current,
    after,
    undoes: last.seq,
    reason,
  });
  return moved ?? { state: after, revision: 1 };
}

/** The last move that changed what answers and has not been taken back; of a canary its first one. */
async function lastMove(
  transaction: DatabaseTransaction,
  scope: Scope,
  name: string,
): Promise<{ readonly seq: string; readonly before: AliasState | null } | null> {
  const moves = sql.table('alias_moves');
  const { rows } = await sql<{ seq: string; before: AliasState | null }>`
    with standing as (
      select m.seq, m.before, m.canary_id from ${moves} m
      where m.project_id = ${scope.projectId} and m.alias = ${name}
        and m.action not in ('rollback', 'describe')
        and not exists (
          select from ${moves} r
          where r.project_id = m.project_id and r.alias = m.alias and r.action = 'rollback'
            and m.seq >= r.undoes and m.seq < r.seq
        )
    ), last as (
      select * from standing order by seq desc limit 1
    )
    select standing.seq::text, standing.before from standing, last
    where standing.seq = last.seq or standing.canary_id = last.canary_id
    order by standing.seq limit 1`.execute(transaction);
  return rows[0] ?? null;
}

async function refuseGone(
  transaction: DatabaseTransaction,
  scope: Scope,
  name: string,
  target: AliasTarget,
): Promise<void> {
  const found = await describeTarget(transaction, scope, target);
  if (found !== null && found !== 'archived') return;
  const text = target.versionId === null ? target.model : `${target.model}@${target.versionId}`;
  throw new SamovarError('alias.target_gone', { params: { alias: name, target: text } });
}
