import Type from 'typebox';
import { withPrefix } from '../../../kernel/ids.ts';
import { weightTypes } from '../../../kernel/ports/model-converter.ts';
import type { Principal } from '../../../kernel/principal.ts';
import { type ImportRequest, importStates } from '../../../modules/registry/index.ts';
import { timeText } from '../console-route.ts';
import { pageObject } from '../page-query.ts';
import { importExample, newImportExample } from './import-examples.ts';

const closed = { additionalProperties: false } as const;
const nothing = Type.Null();
const textOrNull = Type.Union([Type.String(), nothing]);
const sizeOrNull = Type.Union([Type.Integer(), nothing]);

const fields = {
  id: Type.String(),
  source: Type.String({ description: 'As it was asked for.' }),
  model: Type.String({ description: 'The name that the model has or gets.' }),
  state: Type.Enum([...importStates]),
  attempt: Type.Integer(),
  resolved: Type.Union(
    [
      Type.Object(
        {
          uri: Type.String({ description: 'The source, pinned: the same bytes for ever.' }),
          revision: textOrNull,
          files: Type.Array(
            Type.Object({ path: Type.String(), sizeBytes: sizeOrNull, sha256: textOrNull }, closed),
          ),
          notes: Type.Array(Type.String(), { description: 'What was chosen where nobody said.' }),
          alternatives: Type.Array(Type.String(), { description: 'What else there is to choose.' }),
        },
        closed,
      ),
      nothing,
    ],
    { description: '`null` until it is known what the source means.' },
  ),
  license: Type.Union(
    [
      Type.Object(
        {
          id: Type.String(),
          url: textOrNull,
          gated: Type.Boolean({ description: 'The source itself lets only those have it who have asked.' }),
          acceptedBy: textOrNull,
          acceptedAt: textOrNull,
        },
        closed,
      ),
      nothing,
    ],
    { description: 'Terms that must be accepted; `null` where there are none.' },
  ),
  progress: Type.Union([
    Type.Object(
      {
        doneBytes: Type.Integer(),
        totalBytes: Type.Integer(),
        bytesPerSecond: Type.Number(),
        files: Type.Array(
          Type.Object({ path: Type.String(), sizeBytes: sizeOrNull, doneBytes: Type.Integer() }, closed),
        ),
      },
      closed,
    ),
    nothing,
  ]),
  notes: Type.Array(
    Type.Object({ severity: Type.Enum(['information', 'warning']), text: Type.String() }, closed),
    { description: 'What was found in the files that a person should know.' },
  ),
  failure: Type.Union(
    [
      Type.Object(
        {
          code: Type.String(),
          message: Type.String(),
          remedy: Type.String(),
          params: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
        },
        closed,
      ),
      nothing,
    ],
    { description: 'Of the latest attempt; while the import has not ended, it is tried again.' },
  ),
  version: textOrNull,
  createdBy: Type.String(),
  createdAt: Type.String(),
  updatedAt: Type.String(),
  endedAt: textOrNull,
};

export const importObject = Type.Object(fields, { ...closed, examples: [importExample] });

export const importPage = pageObject(importObject);

export const acceptedTerms = Type.Object(
  {
    license: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'The licence that was shown, `license.id` of the import; whatever it asks for when absent.',
      }),
    ),
  },
  { ...closed, examples: [{ license: 'llama3.2' }] },
);

export const newImportBody = Type.Object(
  {
    source: Type.Optional(
      Type.String({
        minLength: 3,
        maxLength: 4096,
        description:
          '`hf:owner/name[@revision][:quantisation][/path]`, `s3://bucket/prefix`, `https://…`, `oci:…`, `file:…`, `upload:<id>[,<id>…]`, `pypi:…`, `npm:…`, `maven:…`.',
      }),
    ),
    catalogue: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'The name of an entry of the catalogue, in place of `source`.',
      }),
    ),
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'Of the model; from the source when absent.',
      }),
    ),
    files: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), {
        minItems: 1,
        maxItems: 100,
        description: 'Only these files of the source; `*` stands for any characters but `/`.',
      }),
    ),
    acceptLicense: Type.Optional(
      Type.Boolean({
        description: 'The terms are accepted, whatever they turn out to be. Recorded with your key.',
      }),
    ),
    quantization: Type.Optional(
      Type.Enum([...weightTypes], {
        description:
          'The type that the weights shall have; as they are when absent. They are converted for it.',
      }),
    ),
    force: Type.Optional(
      Type.Boolean({
        description:
          'Take an adapter although its base is not here, or, one in GGUF, does not fit it. Recorded.',
      }),
    ),
  },
  { ...closed, examples: [newImportExample] },
);

/** Whole failures name folders of machines and addresses: they are for those who manage models. */
export function importObjectOf(
  request: ImportRequest,
  reader: Pick<Principal, 'permissions'>,
): Type.Static<typeof importObject> {
  const { resolved, terms, acceptance, failure } = request;
  return {
    id: withPrefix('imp', request.id),
    source: request.source,
    model: request.modelName,
    state: request.state,
    attempt: request.attempt,
    resolved: resolved && {
      uri: resolved.uri,
      revision: resolved.revision,
      files: resolved.files.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, sha256 })),
      notes: [...resolved.notes],
      alternatives: [...resolved.alternatives],
    },
    license: terms && {
      ...terms,
      acceptedBy: acceptance === null ? null : actorText(acceptance.by),
      acceptedAt: acceptance?.at ?? null,
    },
    progress: request.progress && {
      ...request.progress,
      files: request.progress.files.map((file) => ({ ...file })),
    },
    notes: request.inspection?.notes.map((note) => ({ ...note })) ?? [],
    failure: failure && failureFor(failure, reader),
    version: request.versionId === null ? null : withPrefix('ver', request.versionId),
    createdBy: actorText(request.actor),
    createdAt: request.createdAt.toISOString(),
    updatedAt: request.updatedAt.toISOString(),
    endedAt: timeText(request.endedAt),
  };
}

function failureFor(
  failure: NonNullable<ImportRequest['failure']>,
  reader: Pick<Principal, 'permissions'>,
): NonNullable<Type.Static<typeof importObject>['failure']> {
  if (reader.permissions.has('models.manage')) return { ...failure, params: { ...failure.params } };
  return { code: failure.code, message: 'The import failed.', remedy: failure.remedy, params: {} };
}

function actorText({ kind, id }: ImportRequest['actor']): string {
  return kind === 'api-key' ? withPrefix('key', id) : id;
}
