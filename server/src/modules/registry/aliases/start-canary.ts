import { SamovarError } from '../../../kernel/errors.ts';
import type { DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { AuditContext } from '../../audit/index.ts';
import type { AliasDependencies } from './alias-dependencies.ts';
import { type AliasState, sameTarget } from './alias-state.ts';
import type { CurrentAlias } from './alias-store.ts';
import {
  type CanaryLimits,
  type CanaryPlan,
  type CanarySides,
  type QuietRule,
  usualQuietRule,
} from './canary.ts';
import { insertCanary, lastCanaries } from './canary-store.ts';
import { changeAlias, type MoveOptions, noSuchAlias } from './change-alias.ts';
import { refuseOtherTask } from './check-tasks.ts';
import { describeTarget, findReadyTarget, type NamedTarget } from './find-target.ts';
import { writeMove } from './write-move.ts';

export interface WantedCanary extends MoveOptions, Pick<CanaryPlan, 'steps'> {
  /** What is said of quiet steps is usual where it is absent. */
  readonly limits: Omit<CanaryLimits, keyof QuietRule> & Partial<QuietRule>;
  /** `null` or absent: the alias's only target beside the stable one. */
  readonly candidate?: NamedTarget | null | undefined;
}

/** Weights of a canary are hundredths of a percent. */
const wholeWeight = 10_000;

/**
 * Begins a canary with its first step, in one transaction with what `begun` does. Throws `request.not_found`,
 * `alias.canary_running`, `alias.no_candidate`, `request.invalid`, `alias.task_changed`, and what is in the way of a
 * candidate that cannot answer.
 */
export async function startCanary(
  deps: AliasDependencies,
  context: AuditContext,
  called: string,
  wanted: WantedCanary,
  begun: (transaction: DatabaseTransaction) => Promise<void>,
): Promise<CurrentAlias> {
  const { steps } = wanted;
  const limits = { ...usualQuietRule, ...wanted.limits };
  const [first] = steps;
  if (!first) throw invalid('steps', 'there must be at least one.');
  if (steps.some((step, place) => step.percent <= (steps[place - 1]?.percent ?? 0)))
    throw invalid('steps', 'each must give the candidate more than the one before.');
  return await changeAlias(deps, context, called, wanted, async (transaction, { name, current }) => {
    if (current === null) throw noSuchAlias(name);
    const { scope } = context;
    const { projectId } = scope;
    const last = await lastCanaries(transaction, [{ projectId, alias: name }]);
    if (last.get(`${projectId}/${name}`)?.state === 'running')
      throw new SamovarError('alias.canary_running', { params: { alias: name } });
    const sides = await sidesOf(transaction, context, { name, current, wanted });
    const canaryId = await insertCanary(transaction, scope, { alias: name, plan: { steps, limits }, sides });
    const moved = await writeMove(transaction, deps.configVersion, context, {
      name,
      action: 'canary',
      canaryId,
      before: current,
      after: splitState(current.state, sides, first.percent),
      reason: wanted.reason ?? null,
    });
    await begun(transaction);
    return moved ?? current;
  });
}

/** The alias with this share of the candidate. */
export function splitState(state: AliasState, sides: CanarySides, percent: number): AliasState {
  const weight = Math.round((percent / 100) * wholeWeight);
  return {
    ...state,
    targets: [
      { ...sides.stable, weight: wholeWeight - weight },
      { ...sides.candidate, weight },
    ],
  };
}

async function sidesOf(
  transaction: DatabaseTransaction,
  { scope }: AuditContext,
  canary: { readonly name: string; readonly current: CurrentAlias; readonly wanted: WantedCanary },
): Promise<CanarySides> {
  const { name, current, wanted } = canary;
  const [stable, ...others] = current.state.targets;
  if (!stable) throw new Error('an alias without a target');
  const named = wanted.candidate ?? (others.length === 1 ? others[0] : undefined);
  if (!named)
    throw new SamovarError('alias.no_candidate', {
      params: { alias: name, targets: others.length === 0 ? 'one target' : `${others.length + 1} targets` },
    });
  const candidate = await findReadyTarget(
    transaction,
    scope,
    'modelId' in named ? { model: named.model, version: named.versionId } : named,
  );
  if (others.some((other) => other.weight > 0 && !sameTarget(other, candidate)))
    throw invalid('candidate', 'the alias has other targets beside the stable one: take them away first.');
  if (!wanted.force) await refuseOtherTask(transaction, scope, { name, current, task: candidate.task });
  const now = await describeTarget(transaction, scope, stable);
  if (now !== null && now !== 'archived' && now.answeringVersionId === candidate.answeringVersionId)
    throw invalid('candidate', 'it is the version that answers now.');
  const { modelId, model, versionId } = candidate;
  return {
    stable: { modelId: stable.modelId, model: stable.model, versionId: stable.versionId },
    candidate: { modelId, model, versionId },
  };
}

function invalid(parameter: string, reason: string): SamovarError {
  return new SamovarError('request.invalid', { params: { parameter, reason }, field: parameter });
}
