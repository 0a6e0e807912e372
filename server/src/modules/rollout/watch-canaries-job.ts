import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigVersion } from '../../kernel/ports/config-version.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { JobDefinition, JobKind } from '../../kernel/ports/job-queue.ts';
import type { Log } from '../../kernel/ports/log.ts';
import {
  type CanaryDecision,
  type CanaryMoment,
  runningCanaries,
  type StoredCanary,
  stepCanary,
} from '../registry/index.ts';
import { type MeasuredVersion, measureVersion } from '../usage/index.ts';
import { judgeCanary } from './judge-canary.ts';

export interface RolloutDependencies {
  readonly database: Database;
  readonly configVersion: ConfigVersion;
  readonly log: Log;
}

/** There is one such job in the whole installation: all share this key. */
export const canariesKey = 'canaries';
const lookMs = 1000;
/** The pause after a look is so many times as long as the look. */
const pausesToLook = 20;
const longestPauseMs = 60_000;
/** A job must end some day; the next one begins within a minute. */
const longestMs = 3_600_000;

export const watchCanariesKind: JobKind = {
  name: 'rollout-canaries',
  retryLimit: 5,
  retryDelaySeconds: 1,
  heartbeatSeconds: 10,
};

/**
 * Follows every canary that runs, and ends when none does. Sent with each canary that begins; schedule it every minute
 * too: a canary whose process was killed goes on where it was.
 */
export function watchCanariesJob(deps: RolloutDependencies): JobDefinition<Record<string, never>> {
  return {
    ...watchCanariesKind,
    async handle(_payload, { signal }) {
      const until = Date.now() + longestMs;
      const pace = createPace();
      while (Date.now() < until && (await stepCanaries(deps, pace)) > 0)
        await sleep(lookMs, undefined, { signal });
    },
  };
}

/** When each canary is looked at again. */
export type Pace = Map<string, number>;

export function createPace(): Pace {
  return new Map();
}

/**
 * Looks at every canary whose turn it is, once; returns how many run. One that cannot be looked at holds up no other.
 * The longer a look took, because there is much to measure, the longer the pause before the next.
 */
export async function stepCanaries(deps: RolloutDependencies, pace: Pace = createPace()): Promise<number> {
  let running = 0;
  for (const stored of await runningCanaries(deps.database)) {
    const begunAt = Date.now();
    const { id } = stored.canary;
    if (begunAt < (pace.get(id) ?? 0)) {
      running += 1;
      continue;
    }
    try {
      if (await stepCanary(deps, stored, (moment) => decide(deps, stored, moment))) running += 1;
    } catch (error) {
      running += 1;
      deps.log.warn(
        { error, alias: stored.alias },
        'a canary cannot be looked at at present; it stays as it is',
      );
    }
    pace.set(id, Date.now() + Math.min((Date.now() - begunAt) * pausesToLook, longestPauseMs));
  }
  return running;
}

async function decide(
  { database }: RolloutDependencies,
  { scope, alias }: StoredCanary,
  { canary, versions, stepElapsedMs, shared }: CanaryMoment,
): Promise<CanaryDecision> {
  const measure = async (versionId: string | null, from: Date): Promise<MeasuredVersion> =>
    versionId === null
      ? { requests: 0, failed: 0, firstByteP95Ms: null }
      : await measureVersion(database, {
          organizationId: scope.organizationId,
          projectId: shared ? null : scope.projectId,
          requestedModel: alias,
          versionId,
          from,
        });
  // The stable target may get little or nothing in a late step: what it did before counts too.
  const seen = {
    stable: await measure(versions.stable, canary.startedAt),
    candidate: await measure(versions.candidate, canary.stepStartedAt),
  };
  if (versions.candidate === null)
    return { seen, verdict: { kind: 'roll-back', reason: 'the candidate can answer no more' } };
  return { seen, verdict: judgeCanary(canary, { seen, stepElapsedMs }) };
}
