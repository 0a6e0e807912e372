import type { Parameter } from './parameter.ts';
import * as piece from './schema-pieces.ts';

/** How the next token is chosen: published alike for chat and text completions. */
export const samplingParameters = {
  temperature: { treatment: 'honoured', schema: piece.temperature, note: '0 picks the likeliest token.' },
  top_p: { treatment: 'honoured', schema: piece.topP, note: 'Nucleus sampling.' },
  frequency_penalty: { treatment: 'honoured', schema: piece.penalty, note: 'From -2 to 2.' },
  presence_penalty: { treatment: 'honoured', schema: piece.penalty, note: 'From -2 to 2.' },
  logit_bias: { treatment: 'honoured', schema: piece.logitBias, note: 'By token number of the model.' },
  seed: {
    treatment: 'honoured',
    schema: piece.seed,
    note: 'The same answer on an otherwise idle model worker; best effort under load.',
  },
  stop: {
    treatment: 'honoured',
    schema: piece.stop,
    note: 'Up to 4 strings that are not empty; an empty list means none.',
  },
} as const satisfies Record<string, Parameter>;
