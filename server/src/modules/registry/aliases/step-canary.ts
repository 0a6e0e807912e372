import { sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../../kernel/ports/database.ts';
import { recordAudit, systemAuditContext } from '../../audit/index.ts';
import type { AliasDependencies } from './alias-dependencies.ts';
import { type CurrentAlias, findAlias, lockAlias } from './alias-store.ts';
import type { Canary, CanaryView } from './canary.ts';
import { endCanary, lockRunning, type StoredCanary, writeSeen, writeStep } from './canary-store.ts';
import { describeTargets, type TargetFacts } from './find-target.ts';
import { takeBackMove } from './rollback-alias.ts';
import { splitState } from './start-canary.ts';
import { writeMove } from './write-move.ts';

/** What is to become of a canary. */
export type CanaryVerdict =
  | { readonly kind: 'wait' }
  /** `reason`: why, where the candidate was not judged. */
  | { readonly kind: 'advance'; readonly reason?: string }
  | { readonly kind: 'roll-back'; readonly reason: string }
  /** It ends, and everything stays as it is. */
  | { readonly kind: 'stop'; readonly reason: string };

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
 * Lets a canary that runs be decided on, and does what is decided, in one transaction that holds the alias: it happens
 * once, however many processes look, and wholly or not at all. What is decided by is gathered before, so that nobody who
 * moves the alias waits for it; when the canary has moved meanwhile, nothing is done. Says whether it still runs.
 */
export async function stepCanary(
  deps: AliasDependencies,
  stored: StoredCanary,
  decide: (moment: CanaryMoment) => Promise<CanaryDecision>,
): Promise<boolean> {
  const { database } = deps;
  const { scope, alias } = stored;
  const before = await findAlias(database, scope, alias);
  const decision = await decide(await momentOf(database, stored, before?.state.scope === 'organization'));
  return await database.transaction().execute(async (transaction) => {
    await lockAlias(transaction, scope, alias);
    const canary = await lockRunning(transaction, stored.canary.id);
    if (canary === null) return false;
    if (canary.step !== stored.canary.step) return true;
    const current = await findAlias(transaction, scope, alias);
    if (current === null) {
      // The release before this one takes aliases away without a word.
      await endCanary(transaction, scope, alias, { state: 'stopped', reason: 'the alias was removed' });
      return false;
    }
    await writeSeen(transaction, canary.id, decision.seen);
    return await carryOut(transaction, deps, { stored: { ...stored, canary }, current, decision });
  });
}

async function momentOf(
  database: DatabaseOrTransaction,
  { scope, canary }: StoredCanary,
  shared: boolean,
): Promise<CanaryMoment> {
  const [stable = null, candidate = null] = await describeTargets(database, scope, [
    canary.stable,
    canary.candidate,
  ]);
  const answering = (found: TargetFacts): string | null =>
    found !== null && found !== 'archived' && found.state === 'ready' ? found.answeringVersionId : null;
  return {
    canary,
    versions: { stable: answering(stable), candidate: answering(candidate) },
    stepElapsedMs: await elapsedMs(database, canary.stepStartedAt),
    shared,
  };
}

async function elapsedMs(database: DatabaseOrTransaction, since: Date): Promise<number> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(database);
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
    await takeBack(transaction, deps, { stored, current, reason: verdict.reason });
    return false;
  }
  if (verdict.kind === 'stop') {
    const { reason } = verdict;
    await endCanary(transaction, scope, alias, { state: 'stopped', reason });
    const target = { kind: 'alias', id: alias } as const;
    await recordAudit(transaction, { ...context, action: 'alias.canary-stop', target, detail: { reason } });
    return false;
  }
  const unjudged = verdict.reason === undefined ? '' : `; ${verdict.reason}`;
  const next = canary.step + 1;
  const following = canary.steps[next];
  const move = { name: alias, before: current, canaryId: canary.id, action: 'canary' as const };
  if (following) {
    await writeStep(transaction, canary.id, next);
    const after = splitState(current.state, canary, following.percent);
    const reason = `step ${next + 1} of ${canary.steps.length}: ${following.percent} %${unjudged}`;
    await writeMove(transaction, deps.configVersion, context, { ...move, after, reason });
    return true;
  }
  const reason = `every step was held${unjudged}`;
  await endCanary(transaction, scope, alias, { state: 'promoted', reason });
  const after = { ...current.state, targets: [{ ...canary.candidate, weight: 100 }] };
  await writeMove(transaction, deps.configVersion, context, { ...move, after, reason, audit: 'promote' });
  return false;
}

/** Where there is nothing to go back to, the canary ends all the same, and says so: it must not go on. */
async function takeBack(
  transaction: DatabaseTransaction,
  deps: AliasDependencies,
  end: { readonly stored: StoredCanary; readonly current: CurrentAlias; readonly reason: string },
): Promise<void> {
  const { stored, current, reason } = end;
  const { scope, alias } = stored;
  try {
    const context = systemAuditContext(scope, 'canary');
    await takeBackMove(transaction, deps, context, { name: alias, current, reason });
    await endCanary(transaction, scope, alias, { state: 'rolled-back', reason });
  } catch (error) {
    if (!(error instanceof SamovarError) || !error.code.startsWith('alias.')) throw error;
    const state = 'stopped';
    await endCanary(transaction, scope, alias, {
      state,
      reason: `${reason}; not taken back: ${error.message}`,
    });
  }
}
