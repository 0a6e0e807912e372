import { errorAnswer } from '@samovar/contract/answers/answer-pieces';
import type { Route } from '@samovar/contract/route';
import { errorResponse } from '../../kernel/error-response.ts';
import { openaiErrorBody } from './openai-error.ts';

const descriptions = {
  400: 'The request is not valid.',
  401: 'The API key is missing or not valid.',
  403: 'The key lacks a permission.',
  404: 'There is no such model.',
  408: 'The body did not arrive in time.',
  409: 'It is in use.',
  413: 'The body is too large.',
  415: 'The body is not JSON, or compressed.',
  429: 'A limit is reached; `Retry-After` tells when to come back.',
  500: 'Something went wrong on our side.',
  502: 'The model worker ended, or a connected engine failed, while it was answering.',
  503: 'The model cannot answer at the moment.',
  504: 'The deadline passed while the request waited.',
} as const;

/** The errors that a route answers with, as it declares them. */
export function errorResponses(...statuses: readonly (keyof typeof descriptions)[]): Route['responses'] {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      errorResponse(status, descriptions[status], errorAnswer, openaiErrorBody),
    ]),
  );
}

/** Of routes that read what is in memory. */
export const readErrors = errorResponses(401, 403, 500, 503);

/** Of inference. */
export const inferenceErrors = errorResponses(400, 401, 403, 404, 408, 413, 415, 429, 500, 502, 503, 504);
