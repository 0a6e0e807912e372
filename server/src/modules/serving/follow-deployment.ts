import type { Database } from '../../kernel/ports/database.ts';
import type { Notifications } from '../../kernel/ports/notifications.ts';
import type { Scope } from '../../kernel/principal.ts';
import { createWakeUp } from '../../kernel/wake-up.ts';
import type { DeploymentStatus } from './deployment.ts';
import { concerns, deploymentChannel } from './deployment-changes.ts';
import type { DeploymentEvent } from './deployment-event.ts';
import { notFound } from './deployment-not-found.ts';
import { selectEvents } from './event-store.ts';
import { selectStatuses } from './list-deployments.ts';
import { type LogLine, selectLogLines } from './log-store.ts';

export interface FollowDependencies {
  readonly database: Database;
  readonly notifications: Notifications;
}

/** Where to go on, and until when. */
export interface Following {
  /** The id of the last event (or line) that is known already; `null`: the last ones first. */
  readonly after: string | null;
  /** How many of the past come first, without `after`. */
  readonly history: number;
  /** Ends the following. */
  readonly signal: AbortSignal;
}

export type DeploymentNews =
  | { readonly kind: 'event'; readonly event: DeploymentEvent }
  /** Its state, its progress, its place in the queue or the requests that wait for it have changed. */
  | { readonly kind: 'status'; readonly status: DeploymentStatus };

/** Nothing is lost without notifications: it is looked anyway, this often. */
const lookEveryMs = 1_000;
const mostAtOnce = 500;

/**
 * What happens to a deployment, the past first, without a gap between the two: events are read on from the last id,
 * woken by notifications. Ends with the signal, or when the deployment is gone. Throws `deployment.not_found`.
 */
export async function* followDeployment(
  deps: FollowDependencies,
  scope: Scope,
  deploymentId: string,
  following: Following,
): AsyncGenerator<DeploymentNews> {
  let { after } = following;
  let shown = '';
  for await (const _look of looks(deps, deploymentId, following.signal)) {
    const limit = after === null ? Math.max(1, following.history) : mostAtOnce;
    const events = await selectEvents(deps.database, scope, deploymentId, { after, limit });
    const told = after === null && following.history === 0 ? [] : events;
    for (const event of told) yield { kind: 'event', event };
    after = events.at(-1)?.id ?? after ?? '0';
    if (events.length === mostAtOnce) continue;
    const [status] = await selectStatuses(deps.database, { scope, deploymentId });
    if (status === undefined) {
      if (shown === '') throw notFound(deploymentId);
      return;
    }
    const { state, loadProgress, queue, waitingRequests } = status;
    const now = JSON.stringify([state, loadProgress, queue, waitingRequests]);
    if (now !== shown) yield { kind: 'status', status };
    shown = now;
  }
}

/** What its workers wrote, the past first. Ends with the signal. */
export async function* followLogs(
  deps: FollowDependencies,
  scope: Scope,
  deploymentId: string,
  following: Following,
): AsyncGenerator<LogLine> {
  let { after } = following;
  for await (const _look of looks(deps, deploymentId, following.signal))
    for (;;) {
      const limit = after === null ? Math.max(1, following.history) : mostAtOnce;
      const lines = await selectLogLines(deps.database, scope, deploymentId, { after, limit });
      if (after !== null || following.history > 0) yield* lines;
      after = lines.at(-1)?.id ?? after ?? '0';
      if (lines.length < mostAtOnce) break;
    }
}

/** One for the beginning, then one whenever something may have changed. */
async function* looks(
  { notifications }: FollowDependencies,
  deploymentId: string,
  signal: AbortSignal,
): AsyncGenerator<void> {
  const wakeUp = createWakeUp();
  // Listening comes before reading: what changes in between is heard.
  const unsubscribe = notifications.subscribe(deploymentChannel, (payload) => {
    if (concerns(payload, deploymentId)) wakeUp.wake();
  });
  signal.addEventListener('abort', wakeUp.wake);
  try {
    while (!signal.aborted) {
      yield;
      if (!signal.aborted) await wakeUp.wait(lookEveryMs);
    }
  } finally {
    signal.removeEventListener('abort', wakeUp.wake);
    unsubscribe();
  }
}
