import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { Completion } from 'openai/resources/completions';

/**
 * The shapes of the published specification, closed: a field that it does not name fails. Beside them stand the
 * `samovar` key of the engine protocol and `reasoning_content`, which open engines have agreed on.
 */
const closed = (properties: Record<string, unknown>, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});
const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const nullable = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });
const samovar = closed({ timeToFirstTokenMs: { type: 'number', minimum: 0 }, cancelled: { const: true } }, [
  'timeToFirstTokenMs',
  'cancelled',
]);
const usage = closed(
  {
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    prompt_tokens_details: { type: 'object', properties: { cached_tokens: count } },
    completion_tokens_details: { type: 'object', properties: { reasoning_tokens: count } },
  },
  ['prompt_tokens_details', 'completion_tokens_details'],
);
const bytes = nullable({ type: 'array', items: { type: 'integer', minimum: 0, maximum: 255 } });
const tokenLogprob = { token: text, logprob: { type: 'number', maximum: 0 }, bytes };
const logprobs = nullable(
  closed({
    content: nullable({
      type: 'array',
      items: closed({ ...tokenLogprob, top_logprobs: { type: 'array', items: closed(tokenLogprob) } }),
    }),
    refusal: { type: 'null' },
  }),
);
const finish = { enum: ['stop', 'length', 'tool_calls'] };
const head = (object: string) => ({
  id: { type: 'string', minLength: 1 },
  object: { const: object },
  created: { type: 'integer', minimum: 1_600_000_000 },
  model: text,
  system_fingerprint: text,
});

const chatCompletion = closed(
  {
    ...head('chat.completion'),
    choices: {
      type: 'array',
      minItems: 1,
      items: closed({
        index: count,
        message: closed(
          {
            role: { const: 'assistant' },
            content: nullable(text),
            refusal: { type: 'null' },
            reasoning_content: text,
            annotations: { type: 'array', maxItems: 0 },
            tool_calls: {
              type: 'array',
              minItems: 1,
              items: closed({
                id: text,
                type: { const: 'function' },
                function: closed({ name: text, arguments: text }),
              }),
            },
          },
          ['reasoning_content', 'tool_calls', 'annotations'],
        ),
        logprobs,
        finish_reason: finish,
      }),
    },
    usage,
    samovar,
  },
  ['samovar'],
);

const chatChunk = closed(
  {
    ...head('chat.completion.chunk'),
    choices: {
      type: 'array',
      maxItems: 1,
      items: closed({
        index: count,
        delta: closed(
          {
            role: { const: 'assistant' },
            content: nullable(text),
            refusal: { type: 'null' },
            reasoning_content: text,
            tool_calls: {
              type: 'array',
              minItems: 1,
              items: closed(
                {
                  index: count,
                  id: text,
                  type: { const: 'function' },
                  function: closed({ name: text, arguments: text }, ['name', 'arguments']),
                },
                ['id', 'type'],
              ),
            },
          },
          ['role', 'content', 'refusal', 'reasoning_content', 'tool_calls'],
        ),
        logprobs,
        finish_reason: nullable(finish),
      }),
    },
    usage: nullable(usage),
    samovar,
  },
  ['usage', 'samovar'],
);

const completion = closed(
  {
    ...head('text_completion'),
    choices: {
      type: 'array',
      items: closed({
        index: count,
        text,
        logprobs: nullable(
          closed({
            tokens: { type: 'array', items: text },
            token_logprobs: { type: 'array', items: { type: 'number', maximum: 0 } },
            top_logprobs: nullable({
              type: 'array',
              items: { type: 'object', additionalProperties: { type: 'number' } },
            }),
            text_offset: { type: 'array', items: count },
          }),
        ),
        finish_reason: nullable({ enum: ['stop', 'length'] }),
      }),
    },
    usage: nullable(usage),
    samovar,
  },
  ['usage', 'samovar'],
);

const errorBody = closed(
  {
    error: closed({
      message: { type: 'string', minLength: 1 },
      type: text,
      param: nullable(text),
      code: nullable(text),
    }),
    samovar: { type: 'object' },
  },
  ['samovar'],
);

const ajv = new Ajv2020({ allErrors: true });

function shape<T>(schema: object): (body: unknown) => T {
  const validate: ValidateFunction<T> = ajv.compile<T>(schema);
  return (body) => {
    assert.ok(validate(body), `${ajv.errorsText(validate.errors)}\n${JSON.stringify(body).slice(0, 2000)}`);
    return body;
  };
}

/** Checks a body and gives it the type of the official client. */
export const asChatCompletion = shape<ChatCompletion>(chatCompletion);
export const asChatChunk = shape<ChatCompletionChunk>(chatChunk);
export const asCompletion = shape<Completion>(completion);
export const asErrorBody = shape<{
  error: { message: string; type: string; param: string | null; code: string | null };
}>(errorBody);
