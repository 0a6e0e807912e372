import type { Clock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import {
  type KeyLimits,
  type KeySnapshot,
  loadKeySnapshot,
  loadProjectNames,
} from '../../modules/iam/index.ts';
import { loadModelSnapshot, type ModelSnapshot } from '../../modules/registry/index.ts';
import { loadReplicaSnapshot, type ReplicaSnapshot } from '../../modules/serving/index.ts';

/** Everything that a request is decided by. Immutable: a change makes a new one. */
export interface PolicySnapshot {
  /** `config_version` at the time of loading. */
  readonly version: string;
  readonly keys: KeySnapshot;
  readonly limits: ReadonlyMap<string, KeyLimits>;
  readonly models: ModelSnapshot;
  readonly replicas: ReplicaSnapshot;
  /** Names of projects by their ids. */
  readonly projectNames: ReadonlyMap<string, string>;
}

export interface PolicyHolder {
  /**
   * The snapshot of now. Throws `system.database_away` before the first one, and `system.policy_stale` when
   * PostgreSQL has not confirmed it for longer than is allowed.
   */
  current(): PolicySnapshot;
  /** Loads what `version` stands for and puts it in the place of the old one. */
  load(version: string): Promise<void>;
  onChange(listener: () => void): void;
  readonly state: 'none' | 'stale' | 'good';
}

export interface PolicyHolderOptions {
  readonly database: Database;
  readonly awaySeconds: number;
  /** When PostgreSQL last confirmed what is in memory; `null` before the first time. */
  lastConfirmedAt(): number | null;
  readonly clock: Clock;
}

export function createPolicyHolder(options: PolicyHolderOptions): PolicyHolder {
  const listeners: (() => void)[] = [];
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
    async load(version) {
      snapshot = await loadSnapshot(options.database, version);
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

async function loadSnapshot(database: Database, version: string): Promise<PolicySnapshot> {
  const [keys, models, serving, projectNames] = await Promise.all([
    loadKeySnapshot(database),
    loadModelSnapshot(database),
    loadReplicaSnapshot(database),
    loadProjectNames(database),
  ]);
  return {
    version,
    keys,
    limits: new Map([...keys.values()].map((record) => [record.keyId, record.limits])),
    models,
    replicas: serving.replicas,
    projectNames,
  };
}
