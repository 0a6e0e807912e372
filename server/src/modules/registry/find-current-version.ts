import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import { listModels } from './list-models.ts';

export interface CurrentVersion {
  readonly versionId: string;
  readonly manifest: ModelManifest;
}

/** What a model's name means: its newest ready version, `null` when there is none. */
export async function findCurrentVersion(
  database: DatabaseOrTransaction,
  scope: Scope,
  name: string,
): Promise<CurrentVersion | null> {
  const models = await listModels(database, scope, { called: name, state: 'ready' });
  const found = models.find((model) => model.name === name);
  return found ? { versionId: found.versionId, manifest: found.manifest } : null;
}
