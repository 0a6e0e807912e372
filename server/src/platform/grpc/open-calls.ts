import { OpenItems } from '../../kernel/open-items.ts';
import { OpenRequests } from '../http/open-requests.ts';
import type { GrpcCall } from './grpc-call.ts';
import type { SessionWatch } from './session-watch.ts';

/** What is open on a gRPC server. */
export interface OpenCalls {
  draining: boolean;
  readonly calls: OpenItems<GrpcCall>;
  readonly sessions: Set<SessionWatch>;
  /** The same, to wait for. */
  readonly connected: OpenRequests;
  /** Calls that a stop waits for. */
  readonly running: OpenRequests;
}

export function createOpenCalls(): OpenCalls {
  return {
    draining: false,
    calls: new OpenItems(),
    sessions: new Set(),
    connected: new OpenRequests(),
    running: new OpenRequests(),
  };
}
