import type { ErrorBody } from '../../kernel/ports/http-routes.ts';

/** The error body of what belongs to no other surface. */
export const systemErrorBody: ErrorBody = (error, requestId) => ({
  error: {
    code: error.code,
    message: error.message,
    remedy: error.remedy,
    requestId,
    params: error.params,
  },
});
