import type { EmbeddingCreateParams } from 'openai/resources/embeddings';
import Type from 'typebox';
import { compileTable, type Parameter, type ParameterTable } from '../parameter.ts';
import * as piece from '../schema-pieces.ts';

const text = Type.String({ minLength: 1, maxLength: 20_000_000 });
const tokens = Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 });
const maxInputs = 2048;

/** Every published parameter of `POST /v1/embeddings`; the type check fails when one is added there. */
const published: Record<keyof EmbeddingCreateParams, Parameter> = {
  model: { treatment: 'honoured', schema: piece.modelName, required: true, note: 'A model or an alias.' },
  input: {
    treatment: 'honoured',
    schema: Type.Union([
      text,
      Type.Array(text, { minItems: 1, maxItems: maxInputs }),
      tokens,
      Type.Array(tokens, { minItems: 1, maxItems: maxInputs }),
    ]),
    required: true,
    note: `Text, up to ${maxInputs} texts, or token arrays in the encoding that the model declares.`,
  },
  encoding_format: {
    treatment: 'honoured',
    schema: piece.oneOf('float', 'base64'),
    note: '`float` when not sent.',
  },
  dimensions: {
    treatment: 'honoured',
    schema: Type.Integer({ minimum: 1, maximum: 65_536 }),
    note: 'Only sizes that the model is trained for.',
  },
  user: { treatment: 'accepted', schema: Type.String(), note: 'Requests are accounted by API key.' },
};

const extras = {
  truncate: {
    treatment: 'honoured',
    schema: Type.Boolean(),
    note: 'Cuts input that is too long instead of refusing it; `samovar.truncated` of the answer names what was cut.',
    extension: true,
  },
} as const satisfies ParameterTable;

export const embeddingParameters = { ...published, ...extras };

export const embeddingTable = compileTable(embeddingParameters);
