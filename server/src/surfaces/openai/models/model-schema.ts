import Type from 'typebox';
import { modelExample, modelListExample } from './model-example.ts';

const nullableText = Type.Union([Type.String(), Type.Null()]);

/** What the latest check of a version found, by features, and in words what failed. */
const checkSummary = Type.Object(
  {
    passed: Type.Array(Type.String()),
    failed: Type.Array(Type.String()),
    failures: Type.Array(Type.String()),
    checked_at: Type.String(),
  },
  { additionalProperties: false },
);

/** The published model object; what is ours is under one key. */
export const modelObject = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal('model'),
    created: Type.Integer(),
    owned_by: Type.String(),
    samovar: Type.Object(
      {
        /** For an alias: the model that stands for it. */
        alias_of: nullableText,
        version: Type.String(),
        checks: Type.Union([checkSummary, Type.Null()]),
        title: Type.String(),
        task: Type.Enum(['chat', 'embedding']),
        context_tokens: Type.Integer({
          description:
            'Tokens that prompt and answer may have together now, as the model is loaded; while it is not, the most that it takes, of which a load may leave less where memory is short.',
        }),
        max_context_tokens: Type.Integer({
          description: 'The most that the model takes, however it is loaded.',
        }),
        engine: Type.String(),
        capabilities: Type.Array(Type.String()),
        dimensions: Type.Union([Type.Integer(), Type.Null()]),
        license: Type.String(),
        deprecated: nullableText,
        sunset: nullableText,
        successor: nullableText,
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false, examples: [modelExample] },
);

export const modelList = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(modelObject),
    has_more: Type.Optional(Type.Boolean({ description: 'Of a page that was asked for with `limit`.' })),
  },
  { additionalProperties: false, examples: [modelListExample] },
);
