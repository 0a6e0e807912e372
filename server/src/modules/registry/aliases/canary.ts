import type { AliasTarget } from './alias-state.ts';

export type CanaryState = 'running' | 'promoted' | 'rolled-back' | 'stopped';

export interface CanaryStep {
  /** Share of the candidate, more than 0 and at most 100. */
  readonly percent: number;
  /** How long it stays at least. */
  readonly holdSeconds: number;
}

/** What becomes of a step in which the candidate gets too few requests to be judged by. */
export interface QuietRule {
  /** How long a step waits for them when it was held; `null`: for ever. */
  readonly maxWaitSeconds: number | null;
  /**
   * Then the candidate is taken back, or goes on to the next step unjudged, or the canary ends and leaves everything
   * as it is.
   */
  readonly whenQuiet: 'roll-back' | 'advance' | 'stop';
}

/** Nobody is left between two versions for longer than a day, and nothing is promoted that nobody asked. */
export const usualQuietRule: QuietRule = { maxWaitSeconds: 86_400, whenQuiet: 'roll-back' };

/** When a candidate is taken back. */
export interface CanaryLimits extends QuietRule {
  /** The candidate is judged, and a step ends, when it has answered so many requests in the step. */
  readonly minRequests: number;
  /** Taken back when its share of failed requests exceeds the stable target's by more than this; from 0 to 1. */
  readonly maxErrorIncrease: number;
  /**
   * Taken back when the 95th percentile of its time to the first byte is more than so many times the stable target's.
   * `null`: latency has no say.
   */
  readonly maxLatencyRatio: number | null;
}

export interface CanaryPlan {
  readonly steps: readonly CanaryStep[];
  readonly limits: CanaryLimits;
}

export interface CanarySides {
  readonly stable: AliasTarget;
  readonly candidate: AliasTarget;
}

/** What the data path recorded of one side. */
export interface SideView {
  readonly requests: number;
  readonly failed: number;
  /** Milliseconds; `null` without an answer. */
  readonly firstByteP95Ms: number | null;
}

/** What was seen of both sides in a step. */
export interface CanaryView {
  readonly stable: SideView;
  readonly candidate: SideView;
}

/** A canary as people see it. */
export interface Canary extends CanaryPlan, CanarySides {
  readonly id: string;
  readonly state: CanaryState;
  /** The step that it is at, or was at when it ended; from 0. */
  readonly step: number;
  readonly stepStartedAt: Date;
  readonly seen: CanaryView | null;
  readonly reason: string | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}
