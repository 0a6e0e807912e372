import type { Canary, CanaryVerdict, CanaryView, SideView } from '../registry/index.ts';

/** A first byte that comes this much later is no matter of latency, whatever the ratio. */
const harmlessMs = 100;

/** The time that the step has lasted, and what was seen of both sides. */
export interface CanaryEvidence {
  readonly seen: CanaryView;
  readonly stepElapsedMs: number;
}

/**
 * What is to become of a canary. The candidate is judged when it has answered `minRequests` in the step: by its share
 * of failed requests against the stable target's, and by the 95th percentile of its time to the first byte, when
 * the stable target has answered as many. One that has failed so often that it would fail that judgement even if
 * all the rest went well is taken back at once, when the stable target has answered enough to compare with: nobody else
 * needs to meet it. A step ends when it was held long enough and the candidate was judged; one in which it got too few
 * requests for that ends as the canary's rule for quiet steps says, so that no canary waits for ever.
 */
export function judgeCanary(
  canary: Pick<Canary, 'steps' | 'limits' | 'step'>,
  { seen, stepElapsedMs }: CanaryEvidence,
): CanaryVerdict {
  const { limits } = canary;
  const { stable, candidate } = seen;
  const [own, usual] = [failedShare(candidate), failedShare(stable)];
  const isJudged = candidate.requests >= limits.minRequests;
  const atBest = candidate.failed / Math.max(candidate.requests, limits.minRequests);
  if ((isJudged || stable.requests >= limits.minRequests) && atBest > usual + limits.maxErrorIncrease)
    return {
      kind: 'roll-back',
      reason: `${percent(own)} of ${candidate.requests} requests to the candidate failed, and ${percent(usual)} of ${stable.requests} to the stable target`,
    };
  const holdMs = (canary.steps[canary.step]?.holdSeconds ?? 0) * 1000;
  if (!isJudged) return quietVerdict(limits, candidate, stepElapsedMs - holdMs);
  const slow = slowness(limits, stable, candidate);
  if (slow !== null) return { kind: 'roll-back', reason: slow };
  return { kind: stepElapsedMs >= holdMs ? 'advance' : 'wait' };
}

function quietVerdict(limits: Canary['limits'], candidate: SideView, waitedMs: number): CanaryVerdict {
  const { maxWaitSeconds, whenQuiet, minRequests } = limits;
  if (maxWaitSeconds === null || waitedMs < maxWaitSeconds * 1000) return { kind: 'wait' };
  const reason = `the candidate got ${candidate.requests} of the ${minRequests} requests that it is judged by, and the step has waited ${durationText(maxWaitSeconds)} for more`;
  return { kind: whenQuiet, reason };
}

/** `a second`, `90 seconds`, `15 minutes`, `24 hours`. */
function durationText(seconds: number): string {
  if (seconds % 3600 === 0 && seconds > 0) return seconds === 3600 ? 'an hour' : `${seconds / 3600} hours`;
  if (seconds % 60 === 0 && seconds > 60) return `${seconds / 60} minutes`;
  return seconds === 1 ? 'a second' : `${seconds} seconds`;
}

function slowness(limits: Canary['limits'], stable: SideView, candidate: SideView): string | null {
  const { maxLatencyRatio: ratio, minRequests } = limits;
  const [own, usual] = [candidate.firstByteP95Ms, stable.firstByteP95Ms];
  if (ratio === null || own === null || usual === null || stable.requests < minRequests) return null;
  if (own <= usual * ratio || own - usual <= harmlessMs) return null;
  return `the first byte of the candidate comes after ${Math.round(own)} ms (95th percentile), and of the stable target after ${Math.round(usual)} ms`;
}

function failedShare({ requests, failed }: SideView): number {
  return requests === 0 ? 0 : failed / requests;
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
