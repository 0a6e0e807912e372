import Type from 'typebox';
import { anyObject, functionName, nullable, oneOf } from '../schema-pieces.ts';

const closed = { additionalProperties: false } as const;
const described = Type.Optional(nullable(Type.String({ maxLength: 20_000 })));

export const tools = Type.Array(
  Type.Object(
    {
      type: Type.Literal('function'),
      function: Type.Object(
        {
          name: functionName,
          description: described,
          parameters: Type.Optional(nullable(anyObject)),
          strict: Type.Optional(nullable(Type.Boolean())),
        },
        closed,
      ),
    },
    closed,
  ),
  { maxItems: 128 },
);

const namedFunction = Type.Object(
  { type: Type.Literal('function'), function: Type.Object({ name: functionName }, closed) },
  closed,
);

export const toolChoice = Type.Union([
  oneOf('none', 'auto', 'required'),
  namedFunction,
  Type.Object(
    {
      type: Type.Literal('allowed_tools'),
      allowed_tools: Type.Object(
        { mode: oneOf('auto', 'required'), tools: Type.Array(namedFunction, { minItems: 1, maxItems: 128 }) },
        closed,
      ),
    },
    closed,
  ),
]);

export const responseFormat = Type.Union([
  Type.Object({ type: Type.Literal('text') }, closed),
  Type.Object({ type: Type.Literal('json_object') }, closed),
  Type.Object(
    {
      type: Type.Literal('json_schema'),
      json_schema: Type.Object(
        {
          name: functionName,
          description: described,
          schema: anyObject,
          strict: Type.Optional(nullable(Type.Boolean())),
        },
        closed,
      ),
    },
    closed,
  ),
]);
