export type {
  JsonObject,
  Operation,
  OperationEvent,
  OperationFailure,
  OperationKind,
  OperationProgress,
  OperationState,
} from './operation.ts';
