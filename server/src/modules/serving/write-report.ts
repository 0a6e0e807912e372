import { announceDeployments } from './deployment-changes.ts';
import { type HostLease, holdsLease } from './engine-host-store.ts';
import { appendEvents, lockForEvents } from './event-store.ts';
import { type MeasuredSetup, recordMeasurement } from './measurement-store.ts';
import type { ServingDependencies } from './serving-dependencies.ts';
import type { WorkerFailure } from './worker-failure.ts';
import { updateWorker, type WorkerParts, type WorkerReport } from './worker-store.ts';
import type { WorkerTransition } from './worker-transition.ts';

/** What there is to write about a worker. */
export interface WorkerNews {
  readonly report: WorkerReport;
  readonly parts: WorkerParts;
  readonly transitions: readonly WorkerTransition[];
  /** By their deployments: they failed where the worker answers. */
  readonly failedAdapters: ReadonlyMap<string, WorkerFailure>;
  /** Facts that a load or an end brought. */
  readonly measured: {
    readonly setup: MeasuredSetup;
    readonly facts: { readonly loadMs?: number; readonly residentBytes?: number };
  } | null;
}

/**
 * Writes a worker's state down with all that led to it; tells the data path when it changed. False when the row is
 * no longer this worker's.
 */
export async function writeReport(
  serving: ServingDependencies,
  lease: HostLease,
  { report, parts, transitions, failedAdapters, measured }: WorkerNews,
): Promise<boolean> {
  return await serving.database.transaction().execute(async (transaction) => {
    if (!(await holdsLease(transaction, lease))) return false;
    // Deployments before workers, as everybody who locks both does.
    if (transitions.length > 0) await lockForEvents(transaction, parts.deploymentIds);
    const before = await updateWorker(transaction, lease.hostId, report);
    if (before === null) return false;
    await appendEvents(
      transaction,
      transitions.flatMap((transition) =>
        parts.deploymentIds.map((deploymentId) => ({
          deploymentId,
          kind: 'state' as const,
          ...seenBy(failedAdapters.get(deploymentId), transition),
        })),
      ),
    );
    // Progress is no event, but who follows wants to see it.
    if (transitions.length === 0) await announceDeployments(transaction, parts.deploymentIds);
    if (measured !== null) await recordMeasurement(transaction, parts, measured.setup, measured.facts);
    if (before !== report.state) await serving.configVersion.bump(transaction, 'replicas');
    return true;
  });
}

/** What a change of a worker is for an adapter that it answers without. */
function seenBy(failure: WorkerFailure | undefined, transition: WorkerTransition): WorkerTransition {
  if (failure === undefined) return transition;
  if (transition.from === 'ready') return { ...transition, from: 'failed' };
  if (transition.to !== 'ready') return transition;
  const reason = `not loaded: ${failure.publicReason}`;
  return { ...transition, to: 'failed', reason, detail: { error: failure.reason } };
}
