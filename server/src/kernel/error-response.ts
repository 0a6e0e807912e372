import type { ErrorCode } from '@samovar/contract/errors';
import type { RouteResponse } from '@samovar/contract/route';
import type { TSchema } from 'typebox';
import { type ErrorParams, SamovarError } from './errors.ts';
import type { ErrorBody } from './ports/http-routes.ts';

const sampleRequestId = 'req_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c';

const samples: Readonly<Record<number, readonly [ErrorCode, ErrorParams?]>> = {
  400: ['request.invalid', { parameter: 'limit', reason: 'it must be >= 1.' }],
  401: ['access.key_invalid'],
  403: ['access.forbidden', { permission: 'models.manage' }],
  404: ['model.not_found', { model: 'qwen3-0.6' }],
  408: ['request.timeout'],
  409: ['registry.in_use', { what: 'The model qwen3-0.6b', users: 'the alias chat-default' }],
  413: ['request.body_too_large', { limitBytes: 8_388_608 }],
  415: ['request.unsupported_media_type', { contentType: 'text/plain' }],
  429: ['limit.requests', { limit: 600 }],
  500: ['system.internal'],
  501: ['request.not_implemented', { method: 'completionBatch', reason: 'batches come with the batch API' }],
  502: ['engine.worker_lost'],
  503: ['system.database_away'],
  504: ['engine.deadline_passed'],
  507: ['upload.no_space', { freeMegabytes: 2048, neededMegabytes: 4096, name: 'model.gguf' }],
};

/** An error that a route answers with, as it declares it: with a usual one of this status as the example. */
export function errorResponse(
  status: number,
  description: string,
  schema: TSchema,
  errorBody: ErrorBody,
): RouteResponse {
  const [code, params = {}] = samples[status] ?? [];
  const example = code && errorBody(new SamovarError(code, { params }), sampleRequestId);
  return { description, schema, ...(example !== undefined && { example }) };
}
