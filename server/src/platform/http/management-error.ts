import type { FastifyRequest } from 'fastify';
import { SamovarError } from '../../kernel/errors.ts';

/** What the framework throws, as one of our codes. */
export function toManagementError(
  thrown: unknown,
  request: FastifyRequest,
  options: { readonly bodyLimitBytes: number; mapError(thrown: unknown): SamovarError },
): SamovarError {
  switch (codeOf(thrown)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new SamovarError('request.body_too_large', { params: { limitBytes: options.bodyLimitBytes } });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new SamovarError('request.unsupported_media_type', {
        params: { contentType: request.headers['content-type'] ?? 'none' },
      });
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new SamovarError('request.malformed_json', { params: { reason: 'it is empty.' } });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return invalid('content-length', 'the body has another length.');
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return invalid('path', 'it is not a valid URL path.');
    default:
      return options.mapError(thrown);
  }
}

function codeOf(thrown: unknown): unknown {
  return thrown !== null && typeof thrown === 'object' && 'code' in thrown ? thrown.code : null;
}

function invalid(parameter: string, reason: string): SamovarError {
  return new SamovarError('request.invalid', { params: { parameter, reason }, field: parameter });
}
