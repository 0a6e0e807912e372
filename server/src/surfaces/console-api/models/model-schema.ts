import Type from 'typebox';
import { withPrefix } from '../../../kernel/ids.ts';
import type { ListedModel } from '../../../modules/registry/index.ts';
import type { DeploymentStatus } from '../../../modules/serving/index.ts';
import { timeText } from '../console-route.ts';

const textOrNull = Type.Union([Type.String(), Type.Null()]);

const importProgress = Type.Object(
  {
    phase: Type.Enum(['waiting', 'downloading', 'storing', 'done', 'failed']),
    downloadedBytes: Type.Integer(),
    totalBytes: Type.Integer(),
    bytesPerSecond: Type.Number(),
    attempt: Type.Integer(),
    error: textOrNull,
    remedy: textOrNull,
  },
  { additionalProperties: false },
);

const deployment = Type.Object(
  {
    /** `always` stays loaded, `on-demand` is loaded when called, `stopped` is never loaded. */
    residency: Type.Enum(['always', 'on-demand', 'stopped']),
    pinned: Type.Boolean(),
    state: Type.Enum(['on-disk', 'starting', 'loading', 'ready', 'draining', 'unloaded', 'failed']),
    loadProgress: Type.Number(),
    lastError: textOrNull,
    attempt: Type.Integer(),
    host: textOrNull,
    threads: Type.Integer(),
    memoryBytes: Type.Integer(),
    residentBytes: Type.Integer(),
    requestedAt: textOrNull,
    since: textOrNull,
  },
  { additionalProperties: false },
);

export const consoleModel = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    title: Type.String(),
    description: Type.String(),
    note: textOrNull,
    task: Type.Enum(['chat', 'embedding']),
    engine: Type.String(),
    aliases: Type.Array(Type.String()),
    version: Type.String(),
    state: Type.Enum(['registered', 'importing', 'ready', 'failed']),
    import: importProgress,
    deployment: Type.Union([deployment, Type.Null()]),
    contextTokens: Type.Integer(),
    parameters: Type.Number(),
    quantization: Type.String(),
    sizeBytes: Type.Integer(),
    license: Type.String(),
    createdAt: Type.String(),
  },
  { additionalProperties: false },
);

export const consoleModelList = Type.Object(
  { items: Type.Array(consoleModel) },
  { additionalProperties: false },
);

/** A model of the registry, with how it is served. */
export function consoleModelOf(
  model: ListedModel,
  status: DeploymentStatus | null,
): Type.Static<typeof consoleModel> {
  const { manifest } = model;
  return {
    id: withPrefix('mdl', model.modelId),
    name: model.name,
    title: manifest.title,
    description: manifest.description,
    note: manifest.note ?? null,
    task: manifest.task,
    engine: manifest.engine,
    aliases: [...model.aliases],
    version: withPrefix('ver', model.versionId),
    state: model.state,
    import: {
      phase: model.import.phase,
      downloadedBytes: model.import.downloadedBytes,
      totalBytes: model.import.totalBytes,
      bytesPerSecond: model.import.bytesPerSecond,
      attempt: model.import.attempt,
      error: model.import.error,
      remedy: model.import.remedy,
    },
    deployment: status === null ? null : deploymentOf(status),
    contextTokens: manifest.contextTokens,
    parameters: manifest.parameters,
    quantization: manifest.quantization,
    sizeBytes: model.sizeBytes,
    license: manifest.license.id,
    createdAt: model.createdAt.toISOString(),
  };
}

function deploymentOf(status: DeploymentStatus): Type.Static<typeof deployment> {
  return {
    residency: status.desired,
    pinned: status.pinned,
    state: status.state,
    loadProgress: status.loadProgress,
    lastError: status.lastError,
    attempt: status.attempt,
    host: status.hostName,
    threads: status.threads,
    memoryBytes: status.memoryBytes,
    residentBytes: status.residentBytes,
    requestedAt: timeText(status.requestedAt),
    since: timeText(status.since),
  };
}
