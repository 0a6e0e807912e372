import Type from 'typebox';
import { closed, int64, int64Answer, modelUri, modelVersion, optional } from './schema-pieces.ts';

export const textEmbeddingRequest = Type.Object(
  {
    modelUri: modelUri('emb'),
    text: Type.String({ minLength: 1 }),
    dim: optional(int64),
  },
  { ...closed, examples: [{ modelUri: 'emb://0/embedding-default/latest', text: 'A samovar heats water.' }] },
);

export const textEmbeddingAnswer = Type.Object(
  { embedding: Type.Array(Type.Number()), numTokens: int64Answer, modelVersion },
  { ...closed, examples: [{ embedding: [0.021, -0.043], numTokens: '9', modelVersion: '23.11.2026' }] },
);
