import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { RemoteEndpoint } from '../../kernel/ports/remote-transport.ts';

/** A model worker that answers, as the data path sees it. */
export interface Replica {
  readonly workerId: string;
  readonly versionId: string;
  /** `unix:/path/to.sock` or `http://host:port`. */
  readonly address: string;
  /** Bytes pass untouched when the engine's shapes pass the strict suite. */
  readonly lane: 'pass-through' | 'normalise';
  readonly slots: number;
  /** Tokens of prompt and answer together; absent where only the engine knows. */
  readonly contextTokens?: number;
  /** The version of a LoRA adapter that is to answer, where the worker is that of its base. */
  readonly adapter?: string;
  /** Set where a foreign engine answers; `address` is not called then. */
  readonly remote?: RemoteTarget;
}

/** What answers behind a connection, as far as it makes a difference to what may be sent. */
export type RemoteFlavour = 'openai' | 'vllm' | 'sglang' | 'llama-server' | 'samovar' | 'tei';

/** A model of a connected engine. */
export interface RemoteTarget {
  readonly engineId: string;
  readonly engineName: string;
  readonly flavour: RemoteFlavour;
  readonly endpoint: RemoteEndpoint;
  /** What stands before `/v1/…` in its paths; empty or `/prefix`. */
  readonly pathPrefix: string;
  /** Names and values in turns, its key among them. */
  readonly headers: readonly string[];
  /** What the engine calls the model. */
  readonly upstreamModel: string;
  /** What its answers may carry in `model`; any other is an answer of another model. */
  readonly answersAs: readonly string[];
  /** `tokenize`: it tells the tokens of a text by a route of its own. */
  readonly capabilities: readonly (ModelManifest['capabilities'][number] | 'tokenize')[];
  /** Requests that the engine gets at a time from one api process, and that may wait for that. */
  readonly parallelRequests: number;
  readonly queuedRequests: number;
}

/** Ready replicas by version, immutable. */
export type ReplicaSnapshot = ReadonlyMap<string, readonly Replica[]>;
