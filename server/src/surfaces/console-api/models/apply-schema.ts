import Type from 'typebox';

const closed = { additionalProperties: false } as const;

const folder = {
  documents: Type.Optional(
    Type.Array(
      Type.Object(
        {
          path: Type.String({ minLength: 1, maxLength: 1024, description: 'How errors name it.' }),
          document: Type.Record(Type.String(), Type.Unknown(), {
            description:
              'A manifest (`schema: samovar.model/v1`), or `schema: samovar.apply/v1` with `aliases` and `deployments`.',
          }),
        },
        closed,
      ),
      { maxItems: 2000 },
    ),
  ),
  source: Type.Optional(
    Type.String({
      pattern: '^s3://',
      maxLength: 2048,
      description:
        'A folder in a bucket that the server reads itself: manifests, with their files beside them.',
    }),
  ),
};

export const planBody = Type.Object(folder, {
  ...closed,
  minProperties: 1,
  examples: [{ source: 's3://models/production/' }],
});

export const applyBody = Type.Object(
  {
    ...folder,
    plan: Type.Optional(
      Type.String({ pattern: '^[0-9a-f]{64}$', description: 'The `digest` of the plan that was agreed to.' }),
    ),
  },
  { ...closed, minProperties: 1, examples: [{ source: 's3://models/production/' }] },
);

const item = Type.Object(
  {
    kind: Type.Enum(['model', 'alias', 'deployment']),
    name: Type.String(),
    action: Type.Enum(['create', 'new-version', 'make-current', 'fetch', 'change', 'later', 'unchanged']),
    drift: Type.Boolean({ description: 'It was as declared once, and has been changed since.' }),
    changes: Type.Array(
      Type.Object({ field: Type.String(), from: Type.Unknown(), to: Type.Unknown() }, closed),
    ),
    missing: Type.Array(
      Type.Object({ name: Type.String(), sizeBytes: Type.Integer(), sha256: Type.String() }, closed),
      { description: 'Files that are nowhere to be had yet: upload them before applying.' },
    ),
  },
  closed,
);

export const planObject = Type.Object(
  { items: Type.Array(item), digest: Type.String() },
  {
    ...closed,
    examples: [
      {
        items: [
          {
            kind: 'model',
            name: 'support-bot',
            action: 'new-version',
            drift: false,
            changes: [{ field: 'contextTokens', from: 8192, to: 16384 }],
            missing: [],
          },
        ],
        digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      },
    ],
  },
);
