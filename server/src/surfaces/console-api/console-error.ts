import type { RouteResponse } from '@samovar/contract/route';
import Type from 'typebox';
import { errorResponse } from '../../kernel/error-response.ts';
import type { ErrorBody } from '../../kernel/ports/http-routes.ts';

/** The error body of the console API. `params` are those of the message, for clients that translate it. */
const consoleError = Type.Object(
  {
    error: Type.Object(
      {
        code: Type.String(),
        message: Type.String(),
        remedy: Type.String(),
        requestId: Type.String(),
        params: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

export const consoleErrorBody: ErrorBody = (error, requestId) => ({
  error: {
    code: error.code,
    message: error.message,
    remedy: error.remedy,
    requestId,
    params: error.params,
  },
});

/** An error that a route answers with, as it declares it. */
export function consoleErrorResponse(status: number, description: string): RouteResponse {
  return errorResponse(status, description, consoleError, consoleErrorBody);
}
