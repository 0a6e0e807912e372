import { defineErrors } from '../error-entry.ts';

export const operationErrors = defineErrors({
  'operation.not_found': {
    httpStatus: 404,
    grpcStatus: 'NOT_FOUND',
    message: 'There is no operation `{id}`.',
    remedy:
      'Check the identifier and the key: operations are seen by keys of their project, and forgotten some time after they end (SAMOVAR_OPERATION_HOURS).',
  },
  'operation.cancelled': {
    httpStatus: 499,
    grpcStatus: 'CANCELLED',
    message: 'The operation was cancelled before it was complete.',
    remedy: 'Ask again if it is still wanted.',
  },
  'operation.expired': {
    httpStatus: 504,
    grpcStatus: 'DEADLINE_EXCEEDED',
    message: 'The operation was not complete when its time was over.',
    remedy:
      'Ask again with a later deadline, run more replicas of the model, or raise SAMOVAR_OPERATION_HOURS.',
  },
});
