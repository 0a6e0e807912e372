import { SamovarError } from '../../kernel/errors.ts';

/** A prompt that does not fit is told by the name that the endpoint has for it; the worker does not know it. */
export function withPromptField(error: SamovarError, field: 'messages' | 'prompt' | 'input'): SamovarError {
  if (error.code !== 'engine.context_exceeded') return error;
  return new SamovarError(error.code, {
    params: error.params,
    field,
    headers: error.headers,
    cause: error,
  });
}
