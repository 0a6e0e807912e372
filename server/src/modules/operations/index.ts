export type { OperationDependencies } from './cancel-operation.ts';
export { createOperations, type NewOperation } from './create-operations.ts';
export { finishOperations, type OperationEnd, type OperationTimes } from './finish-operations.ts';
export type {
  JsonObject,
  Operation,
  OperationEvent,
  OperationFailure,
  OperationKind,
  OperationProgress,
  OperationState,
  OperationSummary,
} from './operation.ts';
export { createOperationAccess, type OperationAccess } from './operation-access.ts';
export { changedIds, operationChannel } from './operation-changes.ts';
export { failureOf } from './operation-failure.ts';
export { hasEnded } from './operation-state.ts';
export { selectCancelRequested, selectEnded } from './operation-store.ts';
export type { DroppedOperation, OperationWork, OperationWorks } from './operation-work.ts';
export { releaseOperations } from './release-operations.ts';
export { type OperationAttempt, startOperations } from './start-operations.ts';
export { tidyOperationsJob } from './tidy-operations-job.ts';
