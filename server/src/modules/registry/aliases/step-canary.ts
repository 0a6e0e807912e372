import { sql } from 'kysely';
import type { DatabaseTransaction } from '../../../kernel/ports/database.ts';
import { systemAuditContext } from '../../audit/index.ts';
import type { AliasDependencies } from './alias-dependencies.ts';
import { type CurrentAlias, findAlias, lockAlias } from './alias-store.ts';
import type { Canary, CanaryView } from './canary.ts';
import { endCanary, lockRunning, type StoredCanary, writeSeen, writeStep } from './canary-store.ts';
import { describeTarget } from './find-target.ts';
import { takeBackMove } from './rollback-alias.ts';
import { splitState } from './start-canary.ts';
import { writeMove } from './write-move.ts';

/** What is to become of a canary. */
export type CanaryVerdict =
  | { readonly kind: 'wait' }
  | { readonly kind: 'advance' }
  | { readonly kind: 'roll-back'; readonly reason: string };

/** A canary at the moment of a decision, by the database's clock. */
export interface CanaryMoment {
  readonly canary: Canary;
  /** Versions that answer for both sides now; `null`: none can. */
  readonly versions: { readonly stable: string | null; readonly candidate: string | null };
  readonly stepElapsedMs: number;
  /** The alias is one of the whole organization. */
  readonly shared: boolean;
}

export interface CanaryDecision {
  readonly seen: CanaryView;
  readonly verdict: CanaryVerdict;
}

/**
 * Lets a canary that runs be decided on, and does what is decided: everything in one transaction that holds the alias,
 * so it happens once, however many processes look, and wholly or not at all. Says whether the canary still runs.
 */
export async function stepCanary(
  deps: AliasDependencies,
  stored: StoredCanary,
  decide: (transaction: DatabaseTransaction, moment: CanaryMoment) => Promise<CanaryDecision>,
): Promise<boolean> {
  const { scope, alias } = stored;
  return await deps.database.transaction().execute(async (transaction) => {
    await lockAlias(transaction, scope, alias);
    const canary = await lockRunning(transaction, stored.canary.id);
    if (canary === null) return false;
    const current = await findAlias(transaction, scope, alias);
    if (current === null) throw new Error(`the canary of ${alias} runs without its alias`);
    const answering = async (side: Canary['stable']): Promise<string | null> => {
      const found = await describeTarget(transaction, scope, side);
      return found === null || found === 'archived' || found.state !== 'ready'
        ? null
        : found.answeringVersionId;
    };
    const decision = await decide(transaction, {
      canary,
      versions: { stable: await answering(canary.stable), candidate: await answering(canary.candidate) },
      stepElapsedMs: await elapsedMs(transaction, canary.stepStartedAt),
      shared: current.state.scope === 'organization',
    });
    await writeSeen(transaction, canary.id, decision.seen);
    return await carryOut(transaction, deps, { stored: { ...stored, canary }, current, decision });
  });
}

async function elapsedMs(transaction: DatabaseTransaction, since: Date): Promise<number> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(transaction);
  return (rows[0]?.now.getTime() ?? since.getTime()) - since.getTime();
}

async function carryOut(
  transaction: DatabaseTransaction,
  deps: AliasDependencies,
  step: {
    readonly stored: StoredCanary;
    readonly current: CurrentAlias;
    readonly decision: CanaryDecision;
  },
): Promise<boolean> {
  const { stored, current, decision } = step;
  const { scope, alias, canary } = stored;
  const { verdict } = decision;
  if (verdict.kind === 'wait') return true;
  const context = systemAuditContext(scope, 'canary');
  if (verdict.kind === 'roll-back') {
    const { reason } = verdict;
    await endCanary(transaction, scope, alias, { state: 'rolled-back', reason });
    await takeBackMove(transaction, deps, context, { name: alias, current, reason });
    return false;
  }
  const next = canary.step + 1;
  const following = canary.steps[next];
  const move = { name: alias, before: current, canaryId: canary.id, action: 'canary' as const };
  if (following) {
    await writeStep(transaction, canary.id, next);
    const after = splitState(current.state, canary, following.percent);
    const reason = `step ${next + 1} of ${canary.steps.length}: ${following.percent} %`;
    await writeMove(transaction, deps.configVersion, context, { ...move, after, reason });
    return true;
  }
  const reason = 'every step was held';
  await endCanary(transaction, scope, alias, { state: 'promoted', reason });
  const after = { ...current.state, targets: [{ ...canary.candidate, weight: 100 }] };
  await writeMove(transaction, deps.configVersion, context, { ...move, after, reason, audit: 'promote' });
  return false;
}
