import type { SamovarError } from '../../kernel/errors.ts';
import type { InferenceDependencies } from './inference-dependencies.ts';
import { clientLeft, type MeteredRequest, meterOutcome, noTokens } from './meter-outcome.ts';

export interface RefusedRequest extends MeteredRequest {
  readonly durationMs: number;
  /** `null` when the client left before its request was complete. */
  readonly error: SamovarError | null;
}

export type MeterRefused = (refused: RefusedRequest) => void;

/** Meters a request of a valid key that never began: no tokens, and why it was refused. */
export function meterRefused(
  deps: Pick<InferenceDependencies, 'meter' | 'metrics' | 'clock'>,
  refused: RefusedRequest,
): void {
  const { error, durationMs } = refused;
  meterOutcome(deps, refused, {
    model: null,
    fallback: null,
    status: error?.entry.httpStatus ?? clientLeft,
    errorCode: error?.code ?? null,
    counts: noTokens,
    startedAt: deps.clock.now() - durationMs,
    durationMs,
    timeToFirstTokenMs: null,
  });
}
