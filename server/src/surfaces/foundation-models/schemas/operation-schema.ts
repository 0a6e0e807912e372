import Type from 'typebox';
import { closed, nullable, struct } from './schema-pieces.ts';

const typed = Type.Object(
  { '@type': Type.String() },
  { additionalProperties: true, description: 'A message, its type under `@type`.' },
);

const operationExample = {
  id: 'op_01a2071750557fd1bedb5175979b06e6',
  description: 'Async GPT Completion',
  createdAt: '2026-11-23T06:00:00.000Z',
  createdBy: 'key_01a2071750557fd1bedb5175979b06e7',
  modifiedAt: '2026-11-23T06:00:00.000Z',
  done: false,
  metadata: null,
};

export const operationAnswer = Type.Object(
  {
    id: Type.String(),
    description: Type.String(),
    createdAt: nullable(Type.String()),
    createdBy: Type.String(),
    modifiedAt: nullable(Type.String()),
    done: Type.Boolean(),
    metadata: nullable(typed),
    error: Type.Optional(
      Type.Object({ code: Type.Integer(), message: Type.String(), details: Type.Array(struct) }, closed),
    ),
    response: Type.Optional(typed),
  },
  { ...closed, examples: [operationExample] },
);

export const operationParams = Type.Object({
  operationId: Type.String({ minLength: 1, maxLength: 100, examples: [operationExample.id] }),
});
