import type { ErrorCode } from '@samovar/contract/errors';
import type { SamovarError } from '../../kernel/errors.ts';

/** The error body of the published API, and ours beside it under one key. */
export interface OpenaiErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
  readonly samovar: { readonly code: ErrorCode; readonly remedy: string; readonly request_id: string };
}

/** Codes that the published API has a fixed name for; the others go by our own. */
const publishedCodes: Partial<Record<ErrorCode, string>> = {
  'access.key_missing': 'invalid_api_key',
  'access.key_invalid': 'invalid_api_key',
  'access.forbidden': 'insufficient_permissions',
  'engine.busy': 'rate_limit_exceeded',
  'engine.context_exceeded': 'context_length_exceeded',
  'engine.unsupported_parameter': 'unsupported_parameter',
  'limit.abandoned': 'rate_limit_exceeded',
  'limit.parallel': 'rate_limit_exceeded',
  'limit.request_too_large': 'rate_limit_exceeded',
  'limit.requests': 'rate_limit_exceeded',
  'limit.tokens': 'rate_limit_exceeded',
  'model.archived': 'model_not_found',
  'model.not_found': 'model_not_found',
  'request.missing_parameter': 'missing_required_parameter',
  'request.route_not_found': 'unknown_url',
  'request.unknown_parameter': 'unknown_parameter',
  'request.unsupported_parameter': 'unsupported_parameter',
};

/** One of our errors in the form that official clients parse. Causes and internals stay out. */
export function openaiErrorBody(error: SamovarError, requestId: string): OpenaiErrorBody {
  return {
    error: {
      message: error.message,
      type: typeOf(error),
      param: error.field ?? parameterOf(error),
      code: codeOf(error),
    },
    samovar: { code: error.code, remedy: error.remedy, request_id: requestId },
  };
}

function typeOf(error: SamovarError): string {
  if (error.code === 'limit.tokens' || error.code === 'limit.request_too_large') return 'tokens';
  const status = error.entry.httpStatus;
  if (status === 429) return 'requests';
  if (status >= 500) return 'server_error';
  return 'invalid_request_error';
}

function codeOf(error: SamovarError): string {
  const kind = error.params.kind;
  if (error.code === 'request.invalid') return typeof kind === 'string' ? kind : 'invalid_value';
  return publishedCodes[error.code] ?? error.code;
}

const aboutModel: ReadonlySet<string> = new Set([
  'model.not_found',
  'model.wrong_task',
  'model.template_unusable',
]);

function parameterOf(error: SamovarError): string | null {
  if (aboutModel.has(error.code)) return 'model';
  if (error.code === 'engine.input_too_long') return 'input';
  const parameter = error.params.parameter;
  return typeof parameter === 'string' ? parameter : null;
}
