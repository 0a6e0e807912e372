import type { SamovarError } from '../../kernel/errors.ts';

/** The OpenAI error body, with our code and its parameters beside it under `samovar`. */
export function workerErrorBody(error: SamovarError) {
  return {
    error: { message: error.message, type: errorType(error), param: error.field, code: error.code },
    samovar: { code: error.code, params: error.params },
  };
}

function errorType(error: SamovarError): string {
  const status = error.entry.httpStatus;
  if (status === 401) return 'authentication_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
