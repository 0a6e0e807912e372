import Type from 'typebox';
import type { ParameterTable } from './parameter.ts';
import { anyObject } from './schema-pieces.ts';

/** Sampling parameters of open engines that their clients send. */
export const samplingExtras = {
  top_k: {
    treatment: 'honoured',
    schema: Type.Integer({ minimum: -1, maximum: 1_000_000 }),
    note: 'Keeps the k likeliest tokens; 0 or -1 keeps all.',
    extension: true,
  },
  min_p: {
    treatment: 'honoured',
    schema: Type.Number({ minimum: 0, maximum: 1 }),
    note: 'Drops tokens less likely than this share of the likeliest one.',
    extension: true,
  },
  repetition_penalty: {
    treatment: 'honoured',
    schema: Type.Number({ minimum: 0.01, maximum: 10 }),
    note: 'Divides the score of tokens seen before; 1 is off.',
    extension: true,
  },
} as const satisfies ParameterTable;

/** Variables of the chat template. */
export const templateExtras = {
  chat_template_kwargs: {
    treatment: 'honoured',
    schema: anyObject,
    note: 'Variables handed to the chat template of the model, such as `enable_thinking`.',
    extension: true,
  },
} as const satisfies ParameterTable;
