import type { ServerResponse } from 'node:http';
import type { MemoryHolder, MemoryOfAll } from './memory-of-all.ts';
import type { OpenRequests } from './open-requests.ts';
import type { RequestRoom } from './request-room.ts';

/** What is open on an HTTP server. */
export interface ServerState {
  draining: boolean;
  /** Aborted when the draining begins. */
  readonly stopping: AbortController;
  readonly requests: OpenRequests;
  readonly memory: MemoryOfAll;
  /** Answers of the full parser that have not ended, and what their requests hold. */
  readonly answers: Map<ServerResponse, RequestRoom>;
}

/** Answers of the full parser that hold something. */
export function* answerHolders(answers: ReadonlyMap<ServerResponse, RequestRoom>): Generator<MemoryHolder> {
  for (const [response, { takenBytes }] of answers) {
    const heldBytes = takenBytes + response.writableLength;
    if (heldBytes > 0) yield { heldBytes, endAsLargest: () => response.destroy() };
  }
}
