import { SamovarError } from '../../kernel/errors.ts';
import type { JobDefinition } from '../../kernel/ports/job-queue.ts';
import type { OperationDependencies } from './cancel-operation.ts';
import { finishOperations } from './finish-operations.ts';
import type { OperationKind } from './operation.ts';
import { failureOf } from './operation-failure.ts';
import { endedStates } from './operation-state.ts';
import { deleteForgotten, selectOverdue } from './operation-store.ts';

const portion = 500;
/** Who runs an operation ends it when its time is over. After so long nobody does: its process is gone. */
const runnerGraceMs = 120_000;

type Overdue = Awaited<ReturnType<typeof selectOverdue>>;

/** Ends what has not ended in time, and deletes what was kept long enough. Harmless to repeat. */
export async function tidyOperations(deps: OperationDependencies): Promise<void> {
  const now = new Date(deps.clock.now());
  const overdue = { waiting: now, running: new Date(now.getTime() - runnerGraceMs) };
  for (let count = portion; count === portion; ) {
    const found = await selectOverdue(deps.database, overdue, portion);
    count = await expireFound(deps, found, now);
  }
  for (let count = portion; count === portion; )
    count = await deleteForgotten(deps.database, endedStates, now, portion);
}

/** The same as a job; schedule it every minute under its name. */
export function tidyOperationsJob(deps: OperationDependencies): JobDefinition<Record<string, never>> {
  return {
    name: 'operations-tidy',
    retryLimit: 3,
    retryDelaySeconds: 20,
    heartbeatSeconds: 60,
    handle: () => tidyOperations(deps),
  };
}

async function expireFound(deps: OperationDependencies, found: Overdue, now: Date): Promise<number> {
  const failure = failureOf(new SamovarError('operation.expired'));
  let expired = 0;
  for (const [kind, ofKind] of byKind(found))
    expired += await deps.database.transaction().execute(async (transaction) => {
      const ids = ofKind.map(({ id }) => id);
      await deps.works[kind].hold(transaction, ids);
      const ends = ofKind.map(({ id, attempt }) => ({ id, attempt, event: 'expire' as const, failure }));
      const times = { now, keptHours: deps.settings.operationHours };
      const finished = await finishOperations(transaction, ends, times);
      await deps.works[kind].drop(
        transaction,
        [...finished].map((id) => ({ id, event: 'expire' })),
      );
      return finished.size;
    });
  return expired;
}

function byKind(found: Overdue): ReadonlyMap<OperationKind, Overdue> {
  return Map.groupBy(found, ({ kind }) => kind);
}
