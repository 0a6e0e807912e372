import Type from 'typebox';
import { withPrefix } from '../../../kernel/ids.ts';
import { weightTypes } from '../../../kernel/ports/model-converter.ts';
import type { Principal } from '../../../kernel/principal.ts';
import { type ImportRequest, importStates } from '../../../modules/registry/index.ts';
import { timeText } from '../console-route.ts';

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

const example = {
  id: 'imp_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  source: 'hf:Qwen/Qwen3-0.6B-GGUF:Q8_0',
  model: 'qwen3-0.6b',
  state: 'downloading',
  attempt: 1,
  resolved: {
    uri: 'hf:Qwen/Qwen3-0.6B-GGUF@23749fefcc72300e3a2ad315e1317431b06b590a/Qwen3-0.6B-Q8_0.gguf',
    revision: '23749fefcc72300e3a2ad315e1317431b06b590a',
    files: [{ path: 'Qwen3-0.6B-Q8_0.gguf', sizeBytes: 639446688, sha256: null }],
    notes: [],
    alternatives: [],
  },
  license: null,
  progress: {
    doneBytes: 33554432,
    totalBytes: 639446688,
    bytesPerSecond: 41943040,
    files: [{ path: 'Qwen3-0.6B-Q8_0.gguf', sizeBytes: 639446688, doneBytes: 33554432 }],
  },
  notes: [],
  failure: null,
  version: null,
  createdBy: 'key_019aaf0b7a107d3e9c4b5a6d7e8f9a0b',
  createdAt: '2026-11-23T12:00:00.000Z',
  updatedAt: '2026-11-23T12:00:01.000Z',
  endedAt: null,
};

export const importObject = Type.Object(fields, { ...closed, examples: [example] });

export const importPage = Type.Object(
  { items: Type.Array(importObject), nextCursor: textOrNull },
  { ...closed, examples: [{ items: [example], nextCursor: null }] },
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
      Type.Boolean({ description: 'Take an adapter although its base is not here. Recorded.' }),
    ),
  },
  { ...closed, examples: [{ source: 'hf:Qwen/Qwen3-0.6B-GGUF:Q8_0', name: 'qwen3-0.6b' }] },
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
