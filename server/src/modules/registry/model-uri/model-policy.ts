import type { ModelSnapshot } from '../model-snapshot.ts';

/** What a model URI is read by, of the in-memory policy snapshot. */
export interface ModelPolicy {
  readonly models: ModelSnapshot;
  /** Names of projects by their ids. */
  readonly projectNames: ReadonlyMap<string, string>;
}
