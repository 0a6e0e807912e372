import Type from 'typebox';
import { closed, samovarExtra } from './answer-pieces.ts';

/** A list of embeddings, as published; base64 holds little-endian 32-bit floats. */
export const embeddingList = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object(
        {
          object: Type.Literal('embedding'),
          index: Type.Integer({ minimum: 0 }),
          embedding: Type.Union([Type.Array(Type.Number()), Type.String()]),
        },
        closed,
      ),
    ),
    model: Type.String(),
    usage: Type.Object({ prompt_tokens: Type.Integer(), total_tokens: Type.Integer() }, closed),
    samovar: samovarExtra,
  },
  closed,
);
