import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import { type StoredAlias, selectAliases, selectRemovedAliases } from './aliases/alias-rows.ts';
import { aliasKeys, meaningOf } from './aliases/serve-aliases.ts';
import type { ServedAlias } from './aliases/served-alias.ts';
import type { ModelSnapshot } from './model-snapshot.ts';
import { type ServedVersions, serveVersions } from './serve-versions.ts';
import { selectManifests, selectVersions } from './version-rows.ts';

/** Reads the registry again and again, each time no more than has changed. */
export interface ModelSnapshotLoader {
  /** Everything of every project anew, except manifests that are known: a version never gets another. */
  loadAll(): Promise<ModelSnapshot>;
  /** Only aliases that changed after this number of `config_version.aliases`. */
  loadAliases(since: string): Promise<ModelSnapshot>;
}

/** Manifests read at once: they are the large part of a row. */
const manifestsAtOnce = 1000;

export function createModelSnapshotLoader(database: DatabaseOrTransaction): ModelSnapshotLoader {
  let manifests: ReadonlyMap<string, ModelManifest> = new Map();
  let versions: ServedVersions | null = null;
  let stored: ReadonlyMap<string, StoredAlias> = new Map();

  async function loadVersions(): Promise<ServedVersions> {
    const rows = await selectVersions(database);
    const ready = rows.filter(({ state }) => state === 'ready').map(({ version_id }) => version_id);
    const kept = new Map<string, ModelManifest>();
    const unknown: string[] = [];
    for (const id of ready) {
      const manifest = manifests.get(id);
      if (manifest) kept.set(id, manifest);
      else unknown.push(id);
    }
    for (let at = 0; at < unknown.length; at += manifestsAtOnce)
      for (const { id, manifest } of await selectManifests(database, unknown.slice(at, at + manifestsAtOnce)))
        kept.set(id, manifest);
    manifests = kept;
    return serveVersions(rows, kept);
  }

  async function loadAll(): Promise<ModelSnapshot> {
    const [served, aliases] = await Promise.all([loadVersions(), selectAliases(database, null)]);
    versions = served;
    stored = new Map(aliases.map((alias) => [ownKey(alias), alias]));
    return withAliases(served, stored.values());
  }

  return {
    loadAll,
    async loadAliases(since) {
      if (versions === null) return await loadAll();
      const removed = await selectRemovedAliases(database, since);
      const changed = await selectAliases(database, since);
      const merged = new Map(stored);
      for (const { project_id, alias } of removed) merged.delete(`${project_id}/${alias}`);
      for (const alias of changed) merged.set(ownKey(alias), alias);
      stored = merged;
      return withAliases(versions, merged.values());
    },
  };
}

/** Everything of the registry that the data path reads, of every project: ready versions, aliases, what is not ready. */
export async function loadModelSnapshot(database: DatabaseOrTransaction): Promise<ModelSnapshot> {
  return await createModelSnapshotLoader(database).loadAll();
}

function ownKey(alias: StoredAlias): string {
  return aliasKeys(alias)[0];
}

function withAliases(served: ServedVersions, stored: Iterable<StoredAlias>): ModelSnapshot {
  const { models, versions, deprecated, known } = served;
  const aliases = new Map<string, ServedAlias>();
  const pending = new Map(served.pending);
  const archived = new Map(served.archived);
  for (const alias of stored) {
    const meaning = meaningOf(alias, known);
    for (const key of alias.scope === 'organization' ? aliasKeys(alias) : [ownKey(alias)])
      if (meaning.kind === 'served') aliases.set(key, meaning.alias);
      else if (meaning.kind === 'pending') pending.set(key, meaning.pending);
      else if (meaning.kind === 'archived') archived.set(key, meaning.archived);
  }
  return { models, versions, aliases, pending, archived, deprecated };
}
