import Type from 'typebox';

const closed = { additionalProperties: false } as const;

/** What people look for models under. */
export const catalogueGroups = [
  'chat',
  'reasoning',
  'code',
  'tools',
  'embeddings',
  'multilingual',
  'russian',
  'reranking',
  'vision',
  'speech',
  'transcription',
  'forecasting',
  'guard',
  'translation',
  'adapters',
] as const;

/** JSON Schema of an entry of the catalogue, version 1; published as `models/catalogue.schema.json`. */
export const catalogueEntrySchema = Type.Object(
  {
    schema: Type.Literal('samovar.catalogue/v1'),
    name: Type.String({ pattern: '^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?$' }),
    title: Type.String({ minLength: 1 }),
    description: Type.String({ minLength: 1 }),
    groups: Type.Array(Type.Enum([...catalogueGroups]), { minItems: 1, uniqueItems: true }),
    task: Type.Enum(
      ['chat', 'embedding', 'reranking', 'transcription', 'speech', 'forecasting', 'classification'],
      { description: 'What it does.' },
    ),
    source: Type.String({ minLength: 4, description: 'As `POST /api/imports` takes it.' }),
    publisher: Type.String({ minLength: 1, description: 'Who trained it.' }),
    parameters: Type.Integer({ minimum: 1, description: 'Of the whole model.' }),
    activeParameters: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Of a mixture of experts: those that one token passes.' }),
    ),
    quantization: Type.Optional(Type.String({ minLength: 1, description: 'Of the weights at `source`.' })),
    contextTokens: Type.Optional(Type.Integer({ minimum: 1 })),
    engine: Type.Optional(
      Type.Enum(['llama-cpp', 'llama-server', 'onnx'], {
        description: 'What runs it here; absent where nothing in this release does.',
      }),
    ),
    toolCalls: Type.Optional(Type.Enum(['hermes', 'llama3', 'mistral', 'grammar', 'none'])),
    reasoning: Type.Optional(Type.Enum(['thinkTags', 'none'])),
    languages: Type.Optional(Type.Array(Type.String({ minLength: 2 }), { minItems: 1 })),
    dimensions: Type.Optional(Type.Integer({ minimum: 1, description: 'Of embeddings.' })),
    license: Type.Object(
      {
        id: Type.String({ minLength: 1, description: 'SPDX identifier, or the name of the licence.' }),
        url: Type.String({ pattern: '^https://' }),
        acceptance: Type.Boolean({ description: 'Its terms must be accepted before it is imported.' }),
      },
      closed,
    ),
    memory: Type.Optional(
      Type.Object(
        {
          weightsBytes: Type.Optional(
            Type.Integer({ minimum: 1, description: 'From parameters and quantisation when absent.' }),
          ),
          perTokenBytes: Type.Optional(
            Type.Integer({
              minimum: 0,
              description:
                'Keys and values of one token in 16 bits: layers × key-value heads × dimensions × 4.',
            }),
          ),
        },
        closed,
      ),
    ),
  },
  { ...closed, $id: 'samovar.catalogue/v1', title: 'Entry of the catalogue' },
);

/** A ready model that can be had: what it is and where it lies. */
export type CatalogueEntry = Type.Static<typeof catalogueEntrySchema>;
export type CatalogueGroup = (typeof catalogueGroups)[number];
