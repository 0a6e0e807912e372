import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { sql } from 'kysely';
import { newId } from '../../kernel/ids.ts';
import type { ConfigVersion } from '../../kernel/ports/config-version.ts';
import type { Database, DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { JobQueue } from '../../kernel/ports/job-queue.ts';
import type { Scope } from '../../kernel/principal.ts';
import { recordAudit, systemAuditContext } from '../audit/index.ts';
import { addAlias } from './aliases/add-alias.ts';
import { lockAlias } from './aliases/alias-store.ts';
import { manifestDigest } from './manifest-digest.ts';
import { insertModel, insertVersion } from './model-store.ts';
import { queueImport } from './queue-import.ts';

export interface CatalogueSync {
  readonly database: Database;
  readonly queue: JobQueue;
  readonly configVersion: ConfigVersion;
  /** Every manifest of the catalogue, checked. */
  readonly manifests: readonly ModelManifest[];
  /** Names of the models to fetch now; the first chat and the first embedding model get the default aliases. */
  readonly defaultModels: readonly string[];
  readonly scope: Scope;
}

/** The alias that the first default model of a task gets. */
const defaultAliases: Record<ModelManifest['task'], string> = {
  chat: 'chat-default',
  embedding: 'embedding-default',
};

/**
 * Brings the catalogue into the registry: registers what is new, queues the import of default models that are not
 * ready, and sets the default aliases where they are unset. Called at every start; changes nothing the second time.
 * Returns the default models that the catalogue lacks.
 */
export async function syncCatalogue(sync: CatalogueSync): Promise<readonly string[]> {
  await sync.database.transaction().execute(async (transaction) => {
    // Several processes start at once; the lock ends with the transaction.
    await sql`select pg_advisory_xact_lock(hashtext('samovar.registry.catalogue'))`.execute(transaction);
    // Before anything is bumped, as every move of an alias does it: who holds the one waits for nobody with the other.
    for (const name of Object.values(defaultAliases).sort()) await lockAlias(transaction, sync.scope, name);
    let changed = false;
    for (const manifest of sync.manifests) if (await register(transaction, sync, manifest)) changed = true;
    if (changed) await sync.configVersion.bump(transaction);
  });
  const known = new Set(sync.manifests.map((manifest) => manifest.name));
  return sync.defaultModels.filter((name) => !known.has(name));
}

async function register(
  transaction: DatabaseTransaction,
  sync: CatalogueSync,
  manifest: ModelManifest,
): Promise<boolean> {
  const modelId = await insertModel(transaction, sync.scope, manifest.name);
  const version = await insertVersion(transaction, sync.scope, {
    versionId: newId(),
    modelId,
    manifest,
    manifestSha256: manifestDigest(manifest),
  });
  if (version.inserted)
    await recordAudit(transaction, {
      ...systemAuditContext(sync.scope, 'catalogue'),
      action: 'model.register',
      target: { kind: 'model-version', id: version.versionId },
      detail: { name: manifest.name },
    });
  if (!sync.defaultModels.includes(manifest.name)) return version.inserted;
  if (version.state !== 'ready') await queueImport(sync.queue, transaction, sync.scope, version.versionId);
  if (firstOfTask(sync, manifest.task) !== manifest.name) return version.inserted;
  const aliased = await addAlias(
    transaction,
    sync.configVersion,
    systemAuditContext(sync.scope, 'catalogue'),
    {
      name: defaultAliases[manifest.task],
      target: { modelId, model: manifest.name, versionId: null },
    },
  );
  return version.inserted || aliased;
}

function firstOfTask(sync: CatalogueSync, task: ModelManifest['task']): string | undefined {
  return sync.defaultModels.find((name) =>
    sync.manifests.some((manifest) => manifest.name === name && manifest.task === task),
  );
}
