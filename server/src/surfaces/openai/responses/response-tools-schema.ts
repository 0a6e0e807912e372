import Type from 'typebox';
import { anyObject, functionName, nullable, oneOf } from '../schema-pieces.ts';

const closed = { additionalProperties: false } as const;
const described = Type.Optional(nullable(Type.String({ maxLength: 20_000 })));

export const responseTools = Type.Array(
  Type.Object(
    {
      type: Type.Literal('function'),
      name: functionName,
      description: described,
      parameters: Type.Optional(nullable(anyObject)),
      strict: Type.Optional(nullable(Type.Boolean())),
    },
    closed,
  ),
  { maxItems: 128 },
);

const namedFunction = Type.Object({ type: Type.Literal('function'), name: functionName }, closed);

export const responseToolChoice = Type.Union([
  oneOf('none', 'auto', 'required'),
  namedFunction,
  Type.Object(
    {
      type: Type.Literal('allowed_tools'),
      mode: oneOf('auto', 'required'),
      tools: Type.Array(namedFunction, { minItems: 1, maxItems: 128 }),
    },
    closed,
  ),
]);

export const responseText = Type.Object(
  {
    format: Type.Optional(
      nullable(
        Type.Union([
          Type.Object({ type: Type.Literal('text') }, closed),
          Type.Object({ type: Type.Literal('json_object') }, closed),
          Type.Object(
            {
              type: Type.Literal('json_schema'),
              name: functionName,
              description: described,
              schema: anyObject,
              strict: Type.Optional(nullable(Type.Boolean())),
            },
            closed,
          ),
        ]),
      ),
    ),
    verbosity: Type.Optional(nullable(Type.Literal('medium'))),
  },
  closed,
);

export const responseReasoning = Type.Object(
  {
    effort: Type.Optional(nullable(oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'))),
    summary: Type.Optional(nullable(Type.Literal('auto'))),
    generate_summary: Type.Optional(nullable(Type.Literal('auto'))),
    context: Type.Optional(nullable(Type.Literal('auto'))),
    mode: Type.Optional(nullable(Type.Literal('standard'))),
  },
  closed,
);
