import Type from 'typebox';
import { withPrefix } from '../../../kernel/ids.ts';
import type { Upload } from '../../../modules/registry/index.ts';

const fields = {
  id: Type.String(),
  name: Type.String(),
  sizeBytes: Type.Integer(),
  sha256: Type.Union([Type.String(), Type.Null()], {
    description: 'As announced; of a complete one, what it is.',
  }),
  receivedBytes: Type.Integer({ description: 'Where the next part begins.' }),
  state: Type.Enum(['receiving', 'complete', 'refused'], {
    description: '`refused`: its bytes have all come, and are not those that were announced.',
  }),
  createdAt: Type.String(),
  expiresAt: Type.String({ description: 'When it is forgotten, unless a part comes before.' }),
};

const example = {
  id: 'upl_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  name: 'model.gguf',
  sizeBytes: 98362432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  receivedBytes: 33554432,
  state: 'receiving',
  createdAt: '2026-11-23T12:00:00.000Z',
  expiresAt: '2026-11-25T12:00:00.000Z',
};

export const uploadObject = Type.Object(fields, { additionalProperties: false, examples: [example] });

export const uploadPage = Type.Object(
  { items: Type.Array(uploadObject), nextCursor: Type.Union([Type.String(), Type.Null()]) },
  { additionalProperties: false, examples: [{ items: [example], nextCursor: null }] },
);

export const newUploadBody = Type.Object(
  {
    name: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$',
      description: 'The file’s own name, without folders: an import knows it by this.',
    }),
    sizeBytes: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    sha256: Type.Optional(
      Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Compared when the last byte has come.' }),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ name: example.name, sizeBytes: example.sizeBytes, sha256: example.sha256 }],
  },
);

export function uploadObjectOf(upload: Upload): Type.Static<typeof uploadObject> {
  return {
    id: withPrefix('upl', upload.id),
    name: upload.name,
    sizeBytes: upload.sizeBytes,
    sha256: upload.sha256,
    receivedBytes: upload.receivedBytes,
    state: upload.state,
    createdAt: upload.createdAt.toISOString(),
    expiresAt: upload.expiresAt.toISOString(),
  };
}
