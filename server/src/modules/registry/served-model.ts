import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { Deprecation, ServedAlias } from './aliases/served-alias.ts';
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

/** Everything of the registry that the data path reads, immutable. Keys are `${projectId}/${name}`. */
export interface ModelSnapshot {
  readonly models: ReadonlyMap<string, ServedModel>;
  /** Every version that can answer, by its id: what was fixed earlier still means the same. */
  readonly versions: ReadonlyMap<string, ServedModel>;
  /** Aliases of projects, and under `${organizationId}/${name}` those of organizations. Read by `findNamed`. */
  readonly aliases: ReadonlyMap<string, ServedAlias>;
  /** Names (of models and aliases) that are answered with what is in the way (`not-ready.ts`). */
  readonly pending: ReadonlyMap<string, PendingModel>;
  /** Names whose model is archived. */
  readonly archived: ReadonlyMap<string, ArchivedModel>;
  /** Deprecated models by their ids. */
  readonly deprecated: ReadonlyMap<string, Deprecation>;
}
