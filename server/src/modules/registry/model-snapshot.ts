import type { Deprecation, ServedAlias } from './aliases/served-alias.ts';
import type { ArchivedModel, PendingModel, ServedModel } from './served-model.ts';

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
