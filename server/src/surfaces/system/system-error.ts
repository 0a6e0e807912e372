import type { Route, RouteResponse } from '@samovar/contract/route';
import Type from 'typebox';
import { errorResponse } from '../../kernel/error-response.ts';
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

const systemError = Type.Object({
  error: Type.Object({
    code: Type.String(),
    message: Type.String(),
    remedy: Type.String(),
    requestId: Type.String(),
    params: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
  }),
});

/** The errors of a route that needs a key. */
export const keyErrors: Route['responses'] = {
  401: systemErrorResponse(401, 'The API key is missing or not valid.'),
  403: systemErrorResponse(403, 'The key lacks a permission.'),
  500: systemErrorResponse(500, 'Something went wrong on our side.'),
  503: systemErrorResponse(503, 'Keys cannot be checked at the moment.'),
};

function systemErrorResponse(status: number, description: string): RouteResponse {
  return errorResponse(status, description, systemError, systemErrorBody);
}
