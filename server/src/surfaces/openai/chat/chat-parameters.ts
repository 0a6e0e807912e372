import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions';
import Type from 'typebox';
import { callerHints } from '../caller-hints.ts';
import { compileTable, type Parameter } from '../parameter.ts';
import { samplingExtras, templateExtras } from '../sampling-extras.ts';
import { samplingParameters } from '../sampling-parameters.ts';
import * as piece from '../schema-pieces.ts';
import { messages } from './message-schema.ts';
import { responseFormat, toolChoice, tools } from './tool-schema.ts';

/** Every published parameter of `POST /v1/chat/completions`; the type check fails when one is added there. */
const published: Record<keyof ChatCompletionCreateParamsBase, Parameter> = {
  model: { treatment: 'honoured', schema: piece.modelName, required: true, note: 'A model or an alias.' },
  messages: {
    treatment: 'honoured',
    schema: messages,
    required: true,
    note: 'Text only. `developer` is read as `system`.',
  },
  stream: { treatment: 'honoured', schema: Type.Boolean(), note: 'Server-sent events.' },
  stream_options: {
    treatment: 'honoured',
    schema: piece.streamOptions,
    note: 'With `stream` only. `include_obfuscation` has no effect: events are never padded.',
  },
  max_completion_tokens: {
    treatment: 'honoured',
    schema: piece.answerTokens,
    note: 'Without it, the answer may fill the context.',
  },
  max_tokens: {
    treatment: 'honoured',
    schema: piece.answerTokens,
    note: 'The old name of `max_completion_tokens`; one of the two.',
  },
  ...samplingParameters,
  n: { treatment: 'honoured', schema: piece.choiceCount, note: 'Number of answers.' },
  logprobs: {
    treatment: 'honoured',
    schema: Type.Boolean(),
    note: 'Log-probabilities of the model before sampling.',
  },
  top_logprobs: {
    treatment: 'honoured',
    schema: Type.Integer({ minimum: 0, maximum: 20 }),
    note: 'With `logprobs` only.',
  },
  tools: { treatment: 'honoured', schema: tools, note: 'Functions only.' },
  tool_choice: {
    treatment: 'honoured',
    schema: toolChoice,
    note: 'With `tools` only. `allowed_tools` offers the model just those.',
  },
  parallel_tool_calls: { treatment: 'honoured', schema: Type.Boolean(), note: 'More than one call at once.' },
  response_format: {
    treatment: 'honoured',
    schema: responseFormat,
    note: '`json_object` and `json_schema` constrain the answer by a grammar.',
  },
  reasoning_effort: {
    treatment: 'honoured',
    schema: piece.oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'),
    note: 'Where the model reasons: `none` turns it off, the level goes to its chat template. Without effect, and named so, on other models.',
  },
  metadata: { treatment: 'accepted', schema: piece.metadata, note: 'Nothing is stored.' },
  store: {
    treatment: 'accepted',
    schema: Type.Literal(false),
    note: 'Only `false`.',
    reason: 'answers are not stored here; leave it out or send false',
  },
  modalities: {
    treatment: 'accepted',
    schema: Type.Array(Type.Literal('text'), { minItems: 1, maxItems: 1 }),
    note: 'Only `["text"]`.',
    reason: 'answers are text only',
  },
  verbosity: {
    treatment: 'accepted',
    schema: Type.Literal('medium'),
    note: 'Only `medium`.',
    reason: 'the models served here have no verbosity; leave it out or send "medium"',
  },
  prediction: {
    treatment: 'accepted',
    schema: Type.Unknown(),
    note: 'Predicted output only hastens an answer; it is not used.',
  },
  ...callerHints,
  audio: { treatment: 'refused', reason: 'answers are text only' },
  function_call: { treatment: 'refused', reason: 'it was replaced by `tool_choice`' },
  functions: { treatment: 'refused', reason: 'it was replaced by `tools`' },
  moderation: { treatment: 'refused', reason: 'there is no moderation model here' },
  web_search_options: { treatment: 'refused', reason: 'there is no web search here' },
};

export const chatParameters = { ...published, ...samplingExtras, ...templateExtras };

export const chatTable = compileTable(chatParameters);
