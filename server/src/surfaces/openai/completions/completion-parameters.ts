import type { CompletionCreateParamsBase } from 'openai/resources/completions';
import Type from 'typebox';
import { compileTable, type Parameter } from '../parameter.ts';
import { samplingExtras } from '../sampling-extras.ts';
import { samplingParameters } from '../sampling-parameters.ts';
import * as piece from '../schema-pieces.ts';

const tokens = Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 });

/** Every published parameter of `POST /v1/completions`; the type check fails when one is added there. */
const published: Record<keyof CompletionCreateParamsBase, Parameter> = {
  model: { treatment: 'honoured', schema: piece.modelName, required: true, note: 'A model or an alias.' },
  prompt: {
    treatment: 'honoured',
    schema: Type.Union([
      Type.String({ maxLength: 20_000_000 }),
      Type.Array(Type.String({ maxLength: 20_000_000 }), { minItems: 1, maxItems: 128 }),
      tokens,
      Type.Array(tokens, { minItems: 1, maxItems: 128 }),
    ]),
    required: true,
    note: 'Text or the model’s own token numbers, one prompt or several.',
  },
  stream: { treatment: 'honoured', schema: Type.Boolean(), note: 'Server-sent events.' },
  stream_options: {
    treatment: 'honoured',
    schema: piece.streamOptions,
    note: 'With `stream` only. `include_obfuscation` has no effect: events are never padded.',
  },
  max_tokens: {
    treatment: 'honoured',
    schema: Type.Integer({ minimum: 0, maximum: 10_000_000 }),
    note: '16 when not sent, as published.',
  },
  ...samplingParameters,
  n: { treatment: 'honoured', schema: piece.choiceCount, note: 'Number of answers to each prompt.' },
  logprobs: {
    treatment: 'honoured',
    schema: Type.Integer({ minimum: 0, maximum: 20 }),
    note: 'Likeliest tokens to name at each place. Refused together with `echo`.',
  },
  echo: {
    treatment: 'honoured',
    schema: Type.Boolean(),
    note: 'The prompt comes first in the answer. Refused together with `logprobs`.',
  },
  best_of: {
    treatment: 'accepted',
    schema: Type.Literal(1),
    note: 'Only 1.',
    reason: 'only 1 is served; ask for several answers with `n`',
  },
  suffix: {
    treatment: 'accepted',
    schema: Type.Literal(''),
    note: 'Only the empty string.',
    reason: 'the models served here do not fill in the middle',
  },
  user: { treatment: 'accepted', schema: Type.String(), note: 'Requests are accounted by API key.' },
};

export const completionParameters = { ...published, ...samplingExtras };

export const completionTable = compileTable(completionParameters);
