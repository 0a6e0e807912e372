import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import { listModels } from './list-models.ts';
import type { VersionState } from './model-version.ts';

export interface CurrentVersion {
  readonly versionId: string;
  readonly manifest: ModelManifest;
  readonly state: VersionState;
}

/** What a model's name means: its ready version, else the newest that is not ready; `null` when there is no such model. */
export async function findCurrentVersion(
  database: DatabaseOrTransaction,
  scope: Scope,
  name: string,
): Promise<CurrentVersion | null> {
  const models = await listModels(database, scope, { called: [name] });
  const found = models.find((model) => model.name === name);
  return found ? { versionId: found.versionId, manifest: found.manifest, state: found.state } : null;
}
