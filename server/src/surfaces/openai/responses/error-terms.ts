import { SamovarError } from '../../../kernel/errors.ts';
import { withPromptField } from '../with-prompt-field.ts';

/** Parameters of chat completions by the name that they have here. */
const terms: readonly (readonly [RegExp, string])[] = [
  [/^messages\b.*$/, 'input'],
  [/^response_format\.json_schema\b/, 'text.format'],
  [/^response_format\b/, 'text.format'],
  [/^max_(completion_)?tokens$/, 'max_output_tokens'],
  [/^reasoning_effort$/, 'reasoning.effort'],
  [/^(tools\[\d+\])\.function\b/, '$1'],
];

/** The worker speaks of chat parameters; the caller knows those of a response. */
export function inResponseTerms(error: SamovarError): SamovarError {
  const { field, params } = withPromptField(error, 'input');
  const parameter = params.parameter;
  if (field === null && typeof parameter !== 'string') return error;
  return new SamovarError(error.code, {
    params: typeof parameter === 'string' ? { ...params, parameter: translate(parameter) } : params,
    ...(field === null ? {} : { field: translate(field) }),
    ...(error.retryAfterSeconds === null ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
    headers: error.headers,
    cause: error,
  });
}

function translate(name: string): string {
  for (const [pattern, replacement] of terms) {
    if (pattern.test(name)) return name.replace(pattern, replacement);
  }
  return name;
}
