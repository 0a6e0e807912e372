import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { VersionState } from './model-version.ts';

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

/** A model, or an alias of one, that exists but has no ready version yet. */
export interface PendingModel {
  readonly state: Exclude<VersionState, 'ready'>;
}

/** A model that answers no more. */
export interface ArchivedModel {
  /** The name to use instead, where somebody has said. */
  readonly successor: string | null;
}
