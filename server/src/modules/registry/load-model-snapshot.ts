import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import {
  type AliasChanges,
  type StoredAlias,
  selectAliases,
  selectRemovedAliases,
} from './aliases/alias-rows.ts';
import { type AliasMeaning, aliasKeys, meaningOf } from './aliases/serve-aliases.ts';
import type { ServedAlias } from './aliases/served-alias.ts';
import type { ModelSnapshot } from './model-snapshot.ts';
import { portionsOf } from './portions-of.ts';
import { type ServedVersions, serveVersions } from './serve-versions.ts';
import { selectManifests, selectVersions } from './version-rows.ts';

/** Reads the registry again and again, each time no more than has changed. */
export interface ModelSnapshotLoader {
  /** Everything of every project anew, except manifests that are known: a version never gets another. */
  loadAll(): Promise<ModelSnapshot>;
  /**
   * Only aliases that changed in this range of `config_version.aliases`. One that changed later stays as it was: it may
   * point at a version that was published after the versions were read, and comes with that.
   */
  loadAliases(range: AliasChanges): Promise<ModelSnapshot>;
  /** Ready versions by id, and by name those that models mean; no aliases. */
  loadVersions(): Promise<Pick<ModelSnapshot, 'models' | 'versions'>>;
}

/** Manifests read at once: they are the large part of a row. */
const manifestsAtOnce = 1000;

export function createModelSnapshotLoader(database: DatabaseOrTransaction): ModelSnapshotLoader {
  let manifests: ReadonlyMap<string, ModelManifest> = new Map();
  let versions: ServedVersions | null = null;
  let known: ReadonlyMap<string, KnownAlias> = new Map();

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
    for (const ids of portionsOf(unknown, manifestsAtOnce))
      for (const { id, manifest } of await selectManifests(database, ids)) kept.set(id, manifest);
    manifests = kept;
    return serveVersions(rows, kept);
  }

  async function loadAll(): Promise<ModelSnapshot> {
    // Aliases first: what they point at was there before them.
    const aliases = await selectAliases(database, null);
    const served = await loadVersions();
    versions = served;
    known = new Map(aliases.map((alias) => [ownKey(alias), knownAlias(alias, served)]));
    return withAliases(served, known.values());
  }

  return {
    loadAll,
    loadVersions,
    async loadAliases(range) {
      if (versions === null) return await loadAll();
      const removed = await selectRemovedAliases(database, range);
      const changed = await selectAliases(database, range);
      const merged = new Map(known);
      for (const { project_id, alias } of removed) merged.delete(`${project_id}/${alias}`);
      for (const alias of changed) merged.set(ownKey(alias), knownAlias(alias, versions));
      known = merged;
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

/** An alias with what it means while the versions stay as they are. */
interface KnownAlias {
  readonly keys: readonly string[];
  readonly meaning: AliasMeaning;
}

function knownAlias(alias: StoredAlias, { known }: ServedVersions): KnownAlias {
  const keys = aliasKeys(alias);
  return { keys: alias.scope === 'organization' ? keys : keys.slice(0, 1), meaning: meaningOf(alias, known) };
}

function withAliases(served: ServedVersions, known: Iterable<KnownAlias>): ModelSnapshot {
  const { models, versions, deprecated } = served;
  const aliases = new Map<string, ServedAlias>();
  const pending = new Map(served.pending);
  const archived = new Map(served.archived);
  for (const { keys, meaning } of known)
    for (const key of keys)
      if (meaning.kind === 'served') aliases.set(key, meaning.alias);
      else if (meaning.kind === 'pending') pending.set(key, meaning.pending);
      else if (meaning.kind === 'archived') archived.set(key, meaning.archived);
  return { models, versions, aliases, pending, archived, deprecated };
}
