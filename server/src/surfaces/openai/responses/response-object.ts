import type {
  FunctionTool,
  ResponseFormatTextConfig,
  ResponseUsage,
  ToolChoiceAllowed,
  ToolChoiceFunction,
  ToolChoiceOptions,
} from 'openai/resources/responses/responses';
import { answerMark, type TokenCounts } from '../../../modules/inference/index.ts';
import type { ServedAlias, ServedModel } from '../../../modules/registry/index.ts';
import type {
  ResponseChoice,
  ResponseFormat,
  ResponseFunction,
  ResponseRequest,
} from './response-request.ts';
import type { WireResponse } from './wire-response.ts';

export interface ResponseIdentity {
  readonly id: string;
  readonly createdAtSeconds: number;
  readonly model: ServedModel;
  readonly alias: ServedAlias | null;
}

/** A response that has begun: every published field, with what the request said of it. */
export function beginResponse(identity: ResponseIdentity, request: ResponseRequest): WireResponse {
  const mark = answerMark(identity);
  return {
    id: identity.id,
    object: 'response',
    created_at: identity.createdAtSeconds,
    completed_at: null,
    status: 'in_progress',
    background: false,
    access_programs: null,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: null,
    metadata: { ...request.metadata },
    model: identity.model.name,
    output: [],
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: null,
    prompt_cache_key: null,
    reasoning: { effort: request.reasoning?.effort ?? null, summary: null },
    safety_identifier: null,
    service_tier: 'default',
    store: false,
    temperature: request.temperature ?? samplingDefault(identity.model, 'temperature'),
    text: { format: formatOf(request.text?.format), verbosity: 'medium' },
    tool_choice: choiceOf(request.tool_choice),
    tools: request.tools?.map(toolOf) ?? [],
    top_logprobs: request.top_logprobs ?? 0,
    top_p: request.top_p ?? samplingDefault(identity.model, 'topP'),
    truncation: 'disabled',
    ...(mark && { samovar: mark }),
  };
}

/** Token counts in the published form. */
export function usageOf(counts: TokenCounts): ResponseUsage {
  return {
    input_tokens: counts.inputTokens,
    input_tokens_details: { cached_tokens: counts.cachedInputTokens, cache_write_tokens: 0 },
    output_tokens: counts.outputTokens,
    output_tokens_details: { reasoning_tokens: counts.reasoningTokens },
    total_tokens: counts.inputTokens + counts.outputTokens,
  };
}

/** What the model's manifest sets where a request says nothing; 1 is off. */
function samplingDefault(model: ServedModel, option: 'temperature' | 'topP'): number {
  const value = model.manifest.engineOptions[option];
  return typeof value === 'number' ? value : 1;
}

function formatOf(format: ResponseFormat | null | undefined): ResponseFormatTextConfig {
  if (!format || format.type === 'text') return { type: 'text' };
  if (format.type === 'json_object') return { type: 'json_object' };
  return {
    type: 'json_schema',
    name: format.name,
    schema: { ...format.schema },
    strict: format.strict ?? false,
    ...(format.description ? { description: format.description } : {}),
  };
}

function choiceOf(
  choice: ResponseChoice | undefined,
): ToolChoiceOptions | ToolChoiceFunction | ToolChoiceAllowed {
  if (choice === undefined || typeof choice === 'string') return choice ?? 'auto';
  if (choice.type === 'function') return choice;
  return { type: 'allowed_tools', mode: choice.mode, tools: choice.tools.map((tool) => ({ ...tool })) };
}

function toolOf(tool: ResponseFunction): FunctionTool {
  return {
    type: 'function',
    name: tool.name,
    description: tool.description ?? null,
    parameters: tool.parameters ? { ...tool.parameters } : null,
    strict: tool.strict ?? false,
  };
}
