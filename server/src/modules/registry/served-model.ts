import type { ModelManifest } from '@samovar/contract/worker-protocol';

/** A ready version as the data path sees it. */
export interface ServedModel {
  readonly modelId: string;
  readonly versionId: string;
  /** The public name: what `/v1/models` lists and answers carry in `model`. */
  readonly name: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly task: ModelManifest['task'];
  readonly createdAtSeconds: number;
  readonly ownedBy: string;
  readonly contextTokens: number;
  readonly manifest: ModelManifest;
}

/** Everything of the registry that the data path reads, immutable. Keys are `${projectId}/${name}`. */
export interface ModelSnapshot {
  readonly models: ReadonlyMap<string, ServedModel>;
  /** Alias → the model it points at. */
  readonly aliases: ReadonlyMap<string, ServedModel>;
}
