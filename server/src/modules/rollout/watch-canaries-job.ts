import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigVersion } from '../../kernel/ports/config-version.ts';
import type { Database, DatabaseTransaction } from '../../kernel/ports/database.ts';
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
/** A job must end some day; the next one begins within a minute. */
const longestMs = 3_600_000;

export const watchCanariesKind: JobKind = {
  name: 'rollout-canaries',
  retryLimit: 5,
  retryDelaySeconds: 1,
  heartbeatSeconds: 10,
};

/**
 * Follows every canary that runs, once a second, and ends when none does. Sent with each canary that begins; schedule it
 * every minute too: a canary whose process was killed goes on where it was.
 */
export function watchCanariesJob(deps: RolloutDependencies): JobDefinition<Record<string, never>> {
  return {
    ...watchCanariesKind,
    async handle(_payload, { signal }) {
      const until = Date.now() + longestMs;
      while (Date.now() < until && (await stepCanaries(deps)) > 0) await sleep(lookMs, undefined, { signal });
    },
  };
}

/** Looks at every canary that runs, once; returns how many still run. One that cannot be looked at holds up no other. */
export async function stepCanaries(deps: RolloutDependencies): Promise<number> {
  let running = 0;
  for (const stored of await runningCanaries(deps.database))
    try {
      if (await stepCanary(deps, stored, (transaction, moment) => decide(transaction, stored, moment)))
        running += 1;
    } catch (error) {
      running += 1;
      deps.log.warn(
        { error, alias: stored.alias },
        'a canary cannot be looked at at present; it stays as it is',
      );
    }
  return running;
}

async function decide(
  transaction: DatabaseTransaction,
  { scope, alias }: StoredCanary,
  { canary, versions, stepElapsedMs, shared }: CanaryMoment,
): Promise<CanaryDecision> {
  const measure = async (versionId: string | null, from: Date): Promise<MeasuredVersion> =>
    versionId === null
      ? { requests: 0, failed: 0, firstByteP95Ms: null }
      : await measureVersion(transaction, {
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
