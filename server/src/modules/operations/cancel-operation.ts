import type { Clock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Database, DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { Principal } from '../../kernel/principal.ts';
import { auditContextOf, recordAudit } from '../audit/index.ts';
import { finishOperations } from './finish-operations.ts';
import { getOperation, operationNotFound } from './get-operation.ts';
import type { Operation } from './operation.ts';
import { announceChanges } from './operation-changes.ts';
import { failureOf } from './operation-failure.ts';
import { hasEnded } from './operation-state.ts';
import { type LockedOperation, lockOperation, markCancelRequested } from './operation-store.ts';
import type { OperationWorks } from './operation-work.ts';

export interface OperationDependencies {
  readonly database: Database;
  readonly works: OperationWorks;
  readonly clock: Clock;
  readonly settings: {
    /** `SAMOVAR_OPERATION_HOURS` */
    readonly operationHours: number;
  };
}

export interface CancelRequest {
  readonly principal: Principal;
  readonly requestId: string;
  readonly id: string;
}

/**
 * Cancels an operation: a waiting one ends at once; who runs a running one is told, and ends it within about a
 * second. One that has ended is returned as it is. Throws `operation.not_found`.
 */
export async function cancelOperation(
  deps: OperationDependencies,
  request: CancelRequest,
): Promise<Operation> {
  const { principal } = request;
  const found = await getOperation(deps.database, principal, request.id);
  if (hasEnded(found.state) || found.cancelRequested) return found;
  return await deps.database.transaction().execute(async (transaction) => {
    await deps.works[found.kind].hold(transaction, [found.id]);
    const operation = await lockOperation(transaction, principal, found.id);
    if (!operation) throw operationNotFound(request.id);
    if (hasEnded(operation.state) || operation.cancelRequested) return operation;
    await recordAudit(transaction, {
      ...auditContextOf(principal, request.requestId),
      action: 'operation.cancel',
      target: { kind: 'operation', id: operation.id },
      detail: { kind: operation.kind, state: operation.state },
    });
    await markCancelRequested(transaction, principal, operation.id, new Date(deps.clock.now()));
    if (operation.state === 'created') await endWaiting(deps, transaction, operation);
    else await announceChanges(transaction, [operation.id]);
    return await getOperation(transaction, principal, operation.id);
  });
}

async function endWaiting(
  deps: OperationDependencies,
  transaction: DatabaseTransaction,
  { id, kind, attempt }: LockedOperation,
): Promise<void> {
  const failure = failureOf(new SamovarError('operation.cancelled'));
  const times = { now: new Date(deps.clock.now()), keptHours: deps.settings.operationHours };
  await finishOperations(transaction, [{ id, attempt, event: 'cancel', failure }], times);
  await deps.works[kind].drop(transaction, [{ id, event: 'cancel' }]);
}
