import type { Route } from '@samovar/contract/route';
import Type, { type TSchema } from 'typebox';
import { errorResponse } from '../../../kernel/error-response.ts';
import type { ErrorBody } from '../../../kernel/ports/http-routes.ts';
import { statusErrorBody, streamErrorBody } from '../rest/error-bodies.ts';
import { closed, struct } from './schema-pieces.ts';

const details = Type.Array(struct);

const statusError = Type.Object(
  { code: Type.Integer({ description: 'A status code of gRPC.' }), message: Type.String(), details },
  closed,
);

const streamError = Type.Object(
  {
    error: Type.Object(
      {
        grpcCode: Type.Integer({ description: 'A status code of gRPC.' }),
        httpCode: Type.Integer(),
        message: Type.String(),
        httpStatus: Type.String(),
        details,
      },
      closed,
    ),
  },
  closed,
);

const descriptions = {
  400: 'The request is not valid.',
  401: 'The API key is missing or not valid.',
  403: 'The key lacks a permission.',
  404: 'There is no such thing in the project of the key.',
  408: 'The request did not arrive in time.',
  409: 'It is not possible in the present state.',
  413: 'The body is too large.',
  415: 'The body is not JSON, or compressed.',
  429: 'A limit of the key is reached, or every slot is busy.',
  500: 'Something went wrong on our side.',
  501: 'It is not served.',
  502: 'The worker broke off.',
  503: 'The model or a part of the server is not available.',
  504: 'The deadline passed.',
} as const;

export type ErrorStatus = keyof typeof descriptions;

/** Errors of methods that answer with a stream. */
export const streamErrors = (...statuses: readonly ErrorStatus[]) =>
  withSchema(streamError, streamErrorBody, statuses);

/** Errors of methods that answer with one message. */
export const statusErrors = (...statuses: readonly ErrorStatus[]) =>
  withSchema(statusError, statusErrorBody, statuses);

function withSchema(
  schema: TSchema,
  errorBody: ErrorBody,
  statuses: readonly ErrorStatus[],
): Route['responses'] {
  return Object.fromEntries(
    statuses.map((status) => [status, errorResponse(status, descriptions[status], schema, errorBody)]),
  );
}

/** What inference can answer with. */
export const inferenceStatuses = [400, 401, 403, 404, 408, 413, 415, 429, 500, 502, 503, 504] as const;
