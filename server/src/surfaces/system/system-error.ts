import type { Route } from '@samovar/contract/route';
import Type from 'typebox';
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
  401: { description: 'The API key is missing or not valid.', schema: systemError },
  403: { description: 'The key lacks a permission.', schema: systemError },
  500: { description: 'Something went wrong on our side.', schema: systemError },
  503: { description: 'Keys cannot be checked at the moment.', schema: systemError },
};
