import type { Clock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { ConfigSection, ConfigSections } from '../../kernel/ports/config-version.ts';
import type { Database } from '../../kernel/ports/database.ts';
import {
  type KeyLimits,
  type KeySnapshot,
  loadKeySnapshot,
  loadProjectNames,
} from '../../modules/iam/index.ts';
import { type BadgeSnapshot, createBadgeLoader } from '../../modules/model-checks/index.ts';
import { createModelSnapshotLoader, type ModelSnapshot } from '../../modules/registry/index.ts';
import type { ReplicaSnapshot } from '../../modules/serving/index.ts';

/** Everything that a request is decided by. Immutable: a change makes a new one. */
export interface PolicySnapshot {
  /** `config_version` at the time of loading. */
  readonly version: string;
  readonly keys: KeySnapshot;
  readonly limits: ReadonlyMap<string, KeyLimits>;
  readonly models: ModelSnapshot;
  readonly replicas: ReplicaSnapshot;
  /** What checks found of versions; changes with the replicas. */
  readonly badges: BadgeSnapshot;
  /** Names of projects by their ids. */
  readonly projectNames: ReadonlyMap<string, string>;
}

export interface PolicyHolder {
  /**
   * The snapshot of now. Throws `system.database_away` before the first one, and `system.policy_stale` when
   * PostgreSQL has not confirmed it for longer than is allowed.
   */
  current(): PolicySnapshot;
  /** Loads what has changed up to `version`, by its sections, and puts it in the place of the old. */
  load(version: string, sections: ConfigSections): Promise<void>;
  onChange(listener: () => void): void;
  readonly state: 'none' | 'stale' | 'good';
}

export interface PolicyHolderOptions {
  readonly database: Database;
  readonly awaySeconds: number;
  /** When PostgreSQL last confirmed what is in memory; `null` before the first time. */
  lastConfirmedAt(): number | null;
  readonly clock: Clock;
  /** Workers of this installation and connected engines. */
  loadReplicas(): Promise<ReplicaSnapshot>;
}

export function createPolicyHolder(options: PolicyHolderOptions): PolicyHolder {
  const listeners: (() => void)[] = [];
  const loadSnapshot = createSnapshotLoader(options);
  let snapshot: PolicySnapshot | null = null;

  function isStale(): boolean {
    const confirmedAt = options.lastConfirmedAt();
    return (
      confirmedAt !== null && options.clock.now() - confirmedAt > (options.awaySeconds + graceSeconds) * 1000
    );
  }

  return {
    current() {
      if (snapshot === null) throw new SamovarError('system.database_away', { retryAfterSeconds: 1 });
      if (isStale()) throw new SamovarError('system.policy_stale', { retryAfterSeconds: 5 });
      return snapshot;
    },
    async load(version, sections) {
      snapshot = await loadSnapshot(version, sections);
      for (const listener of listeners) listener();
    },
    onChange(listener) {
      listeners.push(listener);
    },
    get state() {
      if (snapshot === null) return 'none';
      return isStale() ? 'stale' : 'good';
    },
  };
}

/** The row is read twice a second; within this time nobody can say that PostgreSQL is away. */
const graceSeconds = 2;

type LoadSnapshot = (version: string, sections: ConfigSections) => Promise<PolicySnapshot>;

/** Reads again only the parts whose section has another number than the snapshot before. */
function createSnapshotLoader({ database, loadReplicas }: PolicyHolderOptions): LoadSnapshot {
  const registry = createModelSnapshotLoader(database);
  const loadBadges = createBadgeLoader(database);
  let last: { readonly snapshot: PolicySnapshot; readonly sections: ConfigSections } | null = null;

  async function loadModels(sections: ConfigSections): Promise<ModelSnapshot> {
    if (last === null || last.sections.models !== sections.models) return await registry.loadAll();
    if (last.sections.aliases === sections.aliases) return last.snapshot.models;
    return await registry.loadAliases({ since: last.sections.aliases, until: sections.aliases });
  }

  return async (version, sections) => {
    const kept = (section: ConfigSection): PolicySnapshot | null =>
      last?.sections[section] === sections[section] ? last.snapshot : null;
    const [keyParts, models, replicas, badges] = await Promise.all([
      kept('keys') ?? loadKeyParts(database),
      loadModels(sections),
      kept('replicas')?.replicas ?? loadReplicas(),
      kept('replicas')?.badges ?? loadBadges(),
    ]);
    const { keys, limits, projectNames } = keyParts;
    const snapshot = { version, keys, limits, projectNames, models, replicas, badges };
    last = { snapshot, sections };
    return snapshot;
  };
}

async function loadKeyParts(
  database: Database,
): Promise<Pick<PolicySnapshot, 'keys' | 'limits' | 'projectNames'>> {
  const [keys, projectNames] = await Promise.all([loadKeySnapshot(database), loadProjectNames(database)]);
  return {
    keys,
    limits: new Map([...keys.values()].map((record) => [record.keyId, record.limits])),
    projectNames,
  };
}
