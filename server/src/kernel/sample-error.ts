import type { ErrorCode } from '@samovar/contract/errors';
import { type ErrorParams, SamovarError } from './errors.ts';

/** A request id, as examples show one. */
export const sampleRequestId = 'req_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c';

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
};

/** An error that is answered with this status, for examples; `null` where there is no usual one. */
export function sampleError(status: number): SamovarError | null {
  const [code, params = {}] = samples[status] ?? [];
  return code === undefined ? null : new SamovarError(code, { params });
}
