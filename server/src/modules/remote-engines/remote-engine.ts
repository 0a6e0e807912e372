import type { RemoteFlavour, RemoteTarget } from '../serving/index.ts';
import type { EngineState } from './engine-state.ts';

export type EngineKind = 'openai' | 'tei';

export interface EngineLimits {
  /** Requests at a time, from each process that sends. */
  readonly parallelRequests: number;
  /** Requests that may wait for a place, in each of them. */
  readonly queuedRequests: number;
}

/** Seconds that each phase of a request may last. */
export interface EngineTimeouts {
  readonly connectSeconds: number;
  readonly firstByteSeconds: number;
  readonly idleSeconds: number;
  readonly wholeSeconds: number;
}

/** A name of the engine's, and how it is called here. */
export interface ModelMapping {
  readonly upstream: string;
  /** The name here; made of the engine's when absent. */
  readonly name?: string;
  readonly task?: 'chat' | 'embedding';
  /** Where the engine does not tell it. */
  readonly contextTokens?: number;
  /** A replica of the model that this installation has under the name, which runs here too. */
  readonly join?: boolean;
}

export interface EngineSecrets {
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** A connection as its owner declares it. */
export interface EngineConnection {
  readonly name: string;
  readonly kind: EngineKind;
  /** Origin and path prefix, without `/v1` and without a slash at its end. */
  readonly baseUrl: string;
  readonly ca: string | null;
  readonly limits: EngineLimits;
  readonly timeouts: EngineTimeouts;
  readonly discover: boolean;
  readonly mapping: readonly ModelMapping[];
  readonly enabled: boolean;
}

/** A connection as it is kept, its secrets still sealed. */
export interface RemoteEngine extends EngineConnection {
  readonly id: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly sealedSecrets: Buffer | null;
  readonly hasKey: boolean;
  readonly headerNames: readonly string[];
  readonly revision: number;
  readonly state: EngineState;
  readonly reason: string | null;
  readonly flavour: RemoteFlavour;
  readonly engineVersion: string | null;
  readonly missedProbes: number;
  readonly since: Date;
  readonly probedAt: Date | null;
  readonly createdAt: Date;
}

export type Capability = RemoteTarget['capabilities'][number];

/** What is known of one model of an engine. */
export interface ModelFacts {
  readonly upstreamName: string;
  readonly modelName: string;
  readonly serving: boolean;
  readonly problem: string | null;
  readonly task: 'chat' | 'embedding';
  readonly lane: 'pass-through' | 'normalise';
  readonly laneReason: string | null;
  readonly contextTokens: number;
  /** 0: the engine does not tell. */
  readonly parameters: number;
  readonly capabilities: readonly Capability[];
  readonly answersAs: readonly string[];
  readonly dimensions: number | null;
  readonly parent: string | null;
  readonly fingerprint: string;
  readonly checkedAt: Date;
}

export interface RemoteModel extends ModelFacts {
  readonly id: string;
  readonly joinedVersionId: string | null;
}

export const defaultLimits: EngineLimits = { parallelRequests: 32, queuedRequests: 64 };

export const defaultTimeouts: EngineTimeouts = {
  connectSeconds: 5,
  firstByteSeconds: 120,
  idleSeconds: 60,
  wholeSeconds: 3600,
};
