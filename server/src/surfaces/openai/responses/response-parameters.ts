import type { ResponseCreateParamsBase } from 'openai/resources/responses/responses';
import Type from 'typebox';
import { callerHints } from '../caller-hints.ts';
import { compileTable, type Parameter } from '../parameter.ts';
import { samplingExtras, templateExtras } from '../sampling-extras.ts';
import * as piece from '../schema-pieces.ts';
import { responseInput } from './input-schema.ts';
import {
  responseReasoning,
  responseText,
  responseToolChoice,
  responseTools,
} from './response-tools-schema.ts';

const includable = piece.oneOf(
  'message.output_text.logprobs',
  'reasoning.encrypted_content',
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
);

const notStored = 'answers are not stored here; send the whole conversation in `input`';

/** Every published parameter of `POST /v1/responses`; the type check fails when one is added there. */
const published: Record<keyof ResponseCreateParamsBase, Parameter> = {
  model: { treatment: 'honoured', schema: piece.modelName, required: true, note: 'A model or an alias.' },
  input: {
    treatment: 'honoured',
    schema: responseInput,
    required: true,
    note: 'Text, or items: messages, `function_call`, `function_call_output`, `reasoning`. `item_reference` is refused: items are not stored.',
  },
  instructions: {
    treatment: 'honoured',
    schema: Type.String({ maxLength: 20_000_000 }),
    note: 'The first system message.',
  },
  stream: { treatment: 'honoured', schema: Type.Boolean(), note: 'Server-sent events.' },
  stream_options: {
    treatment: 'honoured',
    schema: Type.Object(
      { include_obfuscation: Type.Optional(piece.nullable(Type.Boolean())) },
      { additionalProperties: false },
    ),
    note: 'With `stream` only. `include_obfuscation` has no effect: events are never padded.',
  },
  max_output_tokens: {
    treatment: 'honoured',
    schema: piece.answerTokens,
    note: 'Reasoning included. Without it, the answer may fill the context.',
  },
  temperature: { treatment: 'honoured', schema: piece.temperature, note: '0 picks the likeliest token.' },
  top_p: { treatment: 'honoured', schema: piece.topP, note: 'Nucleus sampling.' },
  top_logprobs: {
    treatment: 'honoured',
    schema: Type.Integer({ minimum: 0, maximum: 20 }),
    note: 'Together with `message.output_text.logprobs` in `include`.',
  },
  include: {
    treatment: 'honoured',
    schema: Type.Array(includable, { maxItems: 32 }),
    note: '`message.output_text.logprobs` adds log-probabilities. The others add nothing: reasoning is given in full, and the tools that they speak of are not served.',
  },
  text: {
    treatment: 'honoured',
    schema: responseText,
    note: '`format`: `text`, `json_object` or `json_schema`, kept by a grammar. `verbosity`: only `medium`.',
  },
  tools: { treatment: 'honoured', schema: responseTools, note: 'Functions only.' },
  tool_choice: {
    treatment: 'honoured',
    schema: responseToolChoice,
    note: 'With `tools` only, but for `auto` and `none`. `allowed_tools` offers the model just those.',
  },
  parallel_tool_calls: { treatment: 'honoured', schema: Type.Boolean(), note: 'More than one call at once.' },
  reasoning: {
    treatment: 'honoured',
    schema: responseReasoning,
    note: '`effort` where the model reasons: `none` turns it off, the level goes to its chat template; without effect, and named so, on other models. `summary` and `context`: only `auto`; `mode`: only `standard`.',
  },
  metadata: { treatment: 'honoured', schema: piece.metadata, note: 'Given back in the answer.' },
  truncation: {
    treatment: 'honoured',
    schema: Type.Literal('disabled'),
    note: 'Only `disabled`: input that does not fit is refused.',
  },
  store: {
    treatment: 'accepted',
    schema: Type.Literal(false),
    note: 'Only `false`, which is also what holds without it.',
    reason: `${notStored}, with \`store\` false or left out`,
  },
  background: {
    treatment: 'accepted',
    schema: Type.Literal(false),
    note: 'Only `false`.',
    reason: 'answers are not stored here, so they cannot be fetched later',
  },
  max_tool_calls: {
    treatment: 'accepted',
    schema: Type.Integer({ minimum: 1 }),
    note: 'Counts calls of built-in tools only, and there are none.',
  },
  ...callerHints,
  previous_response_id: { treatment: 'refused', reason: notStored },
  conversation: { treatment: 'refused', reason: notStored },
  prompt: {
    treatment: 'refused',
    reason: 'there are no stored prompts here; send the text in `instructions`',
  },
  context_management: { treatment: 'refused', reason: 'conversations are not compacted here' },
  access_programs: { treatment: 'refused', reason: 'there are no access programs here' },
  image: { treatment: 'refused', reason: 'input is text only' },
  moderation: { treatment: 'refused', reason: 'there is no moderation model here' },
};

export const responseParameters = { ...published, ...samplingExtras, ...templateExtras };

export const responseTable = compileTable(responseParameters);
