import { SamovarError } from '../../kernel/errors.ts';

/** Parameters of the worker by the name that they have here. */
const terms: readonly (readonly [RegExp, string])[] = [
  [/^model$/, 'modelUri'],
  [/^max_(completion_)?tokens$/, 'completionOptions.maxTokens'],
  [/^temperature$/, 'completionOptions.temperature'],
  [/^chat_template_kwargs\b.*$/, 'completionOptions.reasoningOptions'],
  [/^response_format\.json_schema\b/, 'jsonSchema'],
  [/^response_format\b/, 'jsonSchema'],
  [/^schema\b/, 'jsonSchema.schema'],
  [/^tool_choice\b/, 'toolChoice'],
  [/^parallel_tool_calls$/, 'parallelToolCalls'],
  [/^dimensions$/, 'dim'],
  [/^input\b.*$/, 'text'],
];

/** The worker speaks of parameters of the OpenAI API; the caller knows the fields of these messages. */
export function inOwnTerms(error: SamovarError): SamovarError {
  const { field, params } = error;
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
  const term = terms.find(([pattern]) => pattern.test(name));
  return term === undefined ? name : name.replace(...term);
}
