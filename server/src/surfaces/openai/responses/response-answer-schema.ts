import { closed, samovarExtra } from '@samovar/contract/answers/answer-pieces';
import Type, { type TSchema } from 'typebox';
import { anyObject, nullable, oneOf } from '../schema-pieces.ts';
import { responseToolChoice } from './response-tools-schema.ts';

/** The published shapes of a response, closed: what we send, and nothing else. */

const count = Type.Integer({ minimum: 0 });
const itemStatus = oneOf('in_progress', 'completed', 'incomplete');
const chance = {
  token: Type.String(),
  logprob: Type.Number(),
  bytes: Type.Array(Type.Integer({ minimum: 0, maximum: 255 })),
};

export const outputLogprobs = Type.Array(
  Type.Object({ ...chance, top_logprobs: Type.Array(Type.Object(chance, closed)) }, closed),
);

export const outputText = Type.Object(
  {
    type: Type.Literal('output_text'),
    text: Type.String(),
    annotations: Type.Array(Type.Unknown(), { maxItems: 0 }),
    logprobs: outputLogprobs,
  },
  closed,
);

export const reasoningPart = Type.Object(
  { type: Type.Literal('reasoning_text'), text: Type.String() },
  closed,
);

export const outputItem = Type.Union([
  Type.Object(
    {
      id: Type.String({ pattern: '^msg_' }),
      type: Type.Literal('message'),
      role: Type.Literal('assistant'),
      status: itemStatus,
      content: Type.Array(outputText),
    },
    closed,
  ),
  Type.Object(
    {
      id: Type.String({ pattern: '^fc_' }),
      type: Type.Literal('function_call'),
      call_id: Type.String({ minLength: 1 }),
      name: Type.String(),
      arguments: Type.String(),
      status: itemStatus,
    },
    closed,
  ),
  Type.Object(
    {
      id: Type.String({ pattern: '^rs_' }),
      type: Type.Literal('reasoning'),
      status: itemStatus,
      summary: Type.Array(Type.Unknown(), { maxItems: 0 }),
      content: Type.Array(reasoningPart),
    },
    closed,
  ),
]);

const textFormat = Type.Union([
  Type.Object({ type: Type.Literal('text') }, closed),
  Type.Object({ type: Type.Literal('json_object') }, closed),
  Type.Object(
    {
      type: Type.Literal('json_schema'),
      name: Type.String(),
      schema: anyObject,
      strict: Type.Boolean(),
      description: Type.Optional(Type.String()),
    },
    closed,
  ),
]);

const functionTool = Type.Object(
  {
    type: Type.Literal('function'),
    name: Type.String(),
    description: nullable(Type.String()),
    parameters: nullable(anyObject),
    strict: Type.Boolean(),
  },
  closed,
);

const usage = Type.Object(
  {
    input_tokens: count,
    input_tokens_details: Type.Object({ cached_tokens: count, cache_write_tokens: count }, closed),
    output_tokens: count,
    output_tokens_details: Type.Object({ reasoning_tokens: count }, closed),
    total_tokens: count,
  },
  closed,
);

const failure = Type.Object(
  { code: oneOf('server_error', 'rate_limit_exceeded'), message: Type.String() },
  closed,
);

const always: Readonly<Record<string, TSchema>> = {
  id: Type.String({ pattern: '^resp_' }),
  object: Type.Literal('response'),
  created_at: Type.Integer(),
  completed_at: nullable(Type.Integer()),
  status: oneOf('in_progress', 'completed', 'incomplete', 'failed'),
  background: Type.Literal(false),
  access_programs: Type.Null(),
  error: nullable(failure),
  incomplete_details: nullable(Type.Object({ reason: oneOf('max_output_tokens', 'content_filter') }, closed)),
  instructions: nullable(Type.String()),
  max_output_tokens: nullable(Type.Integer()),
  max_tool_calls: Type.Null(),
  metadata: Type.Record(Type.String(), Type.String()),
  model: Type.String(),
  output: Type.Array(outputItem),
  parallel_tool_calls: Type.Boolean(),
  previous_response_id: Type.Null(),
  prompt_cache_key: Type.Null(),
  reasoning: Type.Object({ effort: nullable(Type.String()), summary: Type.Null() }, closed),
  safety_identifier: Type.Null(),
  service_tier: Type.Literal('default'),
  store: Type.Literal(false),
  temperature: Type.Number(),
  text: Type.Object({ format: textFormat, verbosity: Type.Literal('medium') }, closed),
  tool_choice: responseToolChoice,
  tools: Type.Array(functionTool),
  top_logprobs: Type.Integer(),
  top_p: Type.Number(),
  truncation: Type.Literal('disabled'),
  samovar: samovarExtra,
};

/** `response`, as published. */
export const responseAnswer = Type.Object({ ...always, usage: Type.Optional(usage) }, closed);
