import Type from 'typebox';

/** The published model object; what is ours is under one key. */
export const modelObject = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal('model'),
    created: Type.Integer(),
    owned_by: Type.String(),
    samovar: Type.Object(
      {
        /** For an alias: the model that it points at. */
        alias_of: Type.Union([Type.String(), Type.Null()]),
        title: Type.String(),
        task: Type.Enum(['chat', 'embedding']),
        context_tokens: Type.Integer(),
        engine: Type.String(),
        capabilities: Type.Array(Type.String()),
        dimensions: Type.Union([Type.Integer(), Type.Null()]),
        license: Type.String(),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

export const modelList = Type.Object(
  { object: Type.Literal('list'), data: Type.Array(modelObject) },
  { additionalProperties: false },
);
