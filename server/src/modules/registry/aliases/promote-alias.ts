import { SamovarError } from '../../../kernel/errors.ts';
import type { AuditContext } from '../../audit/index.ts';
import type { AliasDependencies } from './alias-dependencies.ts';
import type { AliasState } from './alias-state.ts';
import type { CurrentAlias } from './alias-store.ts';
import { endCanary } from './canary-store.ts';
import { changeAlias, type MoveOptions, noSuchAlias } from './change-alias.ts';
import { refuseOtherTask } from './check-tasks.ts';
import { findReadyTarget, type NamedTarget } from './find-target.ts';
import { writeMove } from './write-move.ts';

/**
 * Makes the candidate what the alias stands for, alone: the target that is named, or the only one beside the stable
 * one. A canary that runs ends with it. Throws `request.not_found`, `alias.no_candidate`, `alias.task_changed`, and what
 * is in the way of a candidate that cannot answer.
 */
export async function promoteAlias(
  deps: AliasDependencies,
  context: AuditContext,
  called: string,
  options: MoveOptions & { readonly candidate?: NamedTarget | null | undefined },
): Promise<CurrentAlias> {
  return await changeAlias(deps, context, called, options, async (transaction, { name, current }) => {
    if (current === null) throw noSuchAlias(name);
    const wanted = options.candidate ?? candidateOf(name, current.state);
    const found = await findReadyTarget(transaction, context.scope, wanted);
    if (!options.force)
      await refuseOtherTask(transaction, context.scope, { name, current, task: found.task });
    const { modelId, model, versionId } = found;
    await endCanary(transaction, context.scope, name, { state: 'promoted', reason: 'promoted by hand' });
    const after = { ...current.state, targets: [{ modelId, model, versionId, weight: 100 }] };
    const moved = await writeMove(transaction, deps.configVersion, context, {
      name,
      action: 'promote',
      before: current,
      after,
      reason: options.reason ?? null,
    });
    return moved ?? current;
  });
}

function candidateOf(name: string, { targets }: AliasState): NamedTarget {
  const [, candidate, ...others] = targets;
  if (!candidate || others.length > 0)
    throw new SamovarError('alias.no_candidate', {
      params: { alias: name, targets: targets.length === 1 ? 'one target' : `${targets.length} targets` },
    });
  return { model: candidate.model, version: candidate.versionId };
}
