import Type from 'typebox';
import { withPrefix } from '../../../kernel/ids.ts';
import type { Upload } from '../../../modules/registry/index.ts';
import { pageObject } from '../page-query.ts';
import { newUploadExample, uploadExample } from './upload-examples.ts';

export const uploadStates = ['receiving', 'complete', 'refused'] as const;

const fields = {
  id: Type.String(),
  name: Type.String(),
  sizeBytes: Type.Integer(),
  sha256: Type.Union([Type.String(), Type.Null()], {
    description: 'As announced; of a complete one, what it is.',
  }),
  receivedBytes: Type.Integer({ description: 'Where the next part begins.' }),
  state: Type.Enum([...uploadStates], {
    description: '`refused`: its bytes have all come, and are not those that were announced.',
  }),
  createdAt: Type.String(),
  expiresAt: Type.String({ description: 'When it is forgotten, unless a part comes before.' }),
};

export const uploadObject = Type.Object(fields, {
  additionalProperties: false,
  examples: [uploadExample],
});

export const uploadPage = pageObject(uploadObject);

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
    examples: [newUploadExample],
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
