import { SamovarError } from '../../kernel/errors.ts';
import type { OpenCalls } from './open-calls.ts';
import type { SessionTimes } from './session-watch.ts';

export interface GrpcTimes extends SessionTimes {
  /** For a whole request. */
  readonly requestMs: number;
  /** For a client that takes nothing of what waits for it. */
  readonly stallMs: number;
  /** For the rest of a request that is answered already. */
  readonly lingerMs: number;
  /** How often all of this is looked at. */
  readonly lookMs: number;
}

/** Ends what takes too long, and looks after the connections. */
export function lookAround(open: OpenCalls, times: GrpcTimes): void {
  const now = performance.now();
  for (const call of open.calls.toArray()) {
    if (call.reading && !call.ended && now - call.arrival.receivedAt > times.requestMs)
      call.fail(new SamovarError('request.timeout'));
    if (call.answeredAt !== null && now - call.answeredAt > times.lingerMs) call.stream.close();
    if (call.ended) call.leftOverSince ??= now;
    // Silence is fine while a model thinks; bytes that nobody fetches are not.
    const unfetchedSince = call.stalledSince ?? call.leftOverSince;
    if (unfetchedSince !== null && now - unfetchedSince > times.stallMs) call.stream.destroy();
  }
  for (const watch of open.sessions.values()) watch.look(now, times);
}
