import type { TransportCall, TransportEvents, TransportRequest } from './worker-transport.ts';

/** How long each phase of a call may last, in milliseconds. */
export interface PhaseTimeouts {
  readonly connectMs: number;
  /** From the request to the head of the answer. */
  readonly firstByteMs: number;
  /** Between two parts of an answer that has begun. */
  readonly idleMs: number;
  /** The whole call. */
  readonly wholeMs: number;
}

export type CallPhase = 'connect' | 'first-byte' | 'idle' | 'whole';

/** A server of somebody else, as it is called. */
export interface RemoteEndpoint {
  /** Differs whenever anything below does: connections of one key are shared. */
  readonly key: string;
  /** `http://host:port` or `https://host:port`, nothing behind it. */
  readonly origin: string;
  /** Certificate authorities in PEM, trusted besides the usual ones. */
  readonly ca: string | null;
  readonly timeouts: PhaseTimeouts;
}

export interface RemoteRequest extends TransportRequest {
  readonly method: 'GET' | 'POST';
}

/** Why a call ended that had no proper end; the `cause` of `lost` and `unreachable`. */
export class RemoteCallError extends Error {
  /** A phase that lasted too long, or `protocol`: what came was no HTTP answer to this request. */
  readonly reason: CallPhase | 'protocol';

  constructor(reason: CallPhase | 'protocol', message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/**
 * Calls to foreign servers over connections that are kept, through the guard of outbound requests. Redirects are not
 * followed. A connection that says more than it was asked is closed: nothing on it can be trusted any more.
 */
export interface RemoteTransport {
  call(endpoint: RemoteEndpoint, request: RemoteRequest, events: TransportEvents): TransportCall;
  /** Closes the connections of endpoints whose keys are gone; what runs on them ends first. */
  keepOnly(keys: ReadonlySet<string>): void;
  close(): Promise<void>;
}
