import { modelManifestSchema } from '@samovar/contract/model-manifest';
import Type from 'typebox';
import { withPrefix } from '../../../kernel/ids.ts';
import type { ModelVersion } from '../../../modules/registry/index.ts';
import { timeText } from '../console-route.ts';

const closed = { additionalProperties: false } as const;
const textOrNull = Type.Union([Type.String(), Type.Null()]);
/** Without its name: one document may hold it several times. */
const manifestSchema = Type.Object(modelManifestSchema.properties, closed);

export const versionObject = Type.Object(
  {
    id: Type.String(),
    model: Type.String(),
    digest: Type.String({ description: 'SHA-256 of the manifest: the same manifest is the same version.' }),
    state: Type.Enum(['registered', 'importing', 'ready', 'failed']),
    current: Type.Boolean({ description: 'What the model’s name means.' }),
    aliases: Type.Array(Type.String(), { description: 'Aliases that point at this very version.' }),
    sizeBytes: Type.Integer(),
    manifest: Type.Unsafe<ModelVersion['manifest']>(manifestSchema),
    measured: Type.Record(Type.String(), Type.Unknown(), { description: 'On this installation’s hardware.' }),
    createdAt: Type.String(),
    readyAt: textOrNull,
    archivedAt: textOrNull,
  },
  closed,
);

export const versionList = Type.Object({ items: Type.Array(versionObject) }, closed);

export function versionObjectOf(version: ModelVersion): Type.Static<typeof versionObject> {
  return {
    id: withPrefix('ver', version.versionId),
    model: version.modelName,
    digest: version.digest,
    state: version.state,
    current: version.current,
    aliases: [...version.aliases],
    sizeBytes: version.manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0),
    manifest: version.manifest,
    measured: { ...version.measured },
    createdAt: version.createdAt.toISOString(),
    readyAt: timeText(version.readyAt),
    archivedAt: timeText(version.archivedAt),
  };
}
