/** A model worker that answers, as the data path sees it. */
export interface Replica {
  readonly workerId: string;
  readonly versionId: string;
  /** `unix:/path/to.sock` or `http://host:port`. */
  readonly address: string;
  /** Bytes pass untouched when the engine's shapes pass the strict suite. */
  readonly lane: 'pass-through' | 'normalise';
  readonly slots: number;
}

/** Ready replicas by version, immutable. */
export type ReplicaSnapshot = ReadonlyMap<string, readonly Replica[]>;
