import type Type from 'typebox';
import { withPrefix } from '../../../kernel/ids.ts';
import type { Principal } from '../../../kernel/principal.ts';
import type {
  DeploymentEvent,
  DeploymentStatus,
  LogLine,
  Measurement,
} from '../../../modules/serving/index.ts';
import { timeText } from '../console-route.ts';
import type { deploymentEvent, logLine } from './deployment-events.ts';
import type { deploymentObject, measurementObject } from './deployment-schema.ts';

/** A deployment as `reader` may see it. */
export function deploymentObjectOf(
  status: DeploymentStatus,
  reader: Pick<Principal, 'permissions'>,
): Type.Static<typeof deploymentObject> {
  const { engine: _engine, base: _base, ...options } = status.options;
  return {
    id: withPrefix('dep', status.deploymentId),
    model: status.modelName,
    version: withPrefix('ver', status.versionId),
    residency: status.desired,
    pinned: status.pinned,
    priority: status.priority,
    idleSeconds: status.idleSeconds,
    engine: status.engine,
    // The database keeps no order of them.
    options: Object.fromEntries(Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    state: status.state,
    loadProgress: status.loadProgress,
    reason: status.reason,
    queue: status.queue && { ...status.queue, since: status.queue.since.toISOString() },
    waitingRequests: status.waitingRequests,
    lastError: reader.permissions.has('models.manage') ? status.lastError : status.publicError,
    attempt: status.attempt,
    host: status.hostName,
    processor: status.processor,
    threads: status.threads,
    contextTokens: status.contextTokens,
    memoryBytes: status.memoryBytes,
    residentBytes: status.residentBytes,
    baseVersion: status.baseVersionId && withPrefix('ver', status.baseVersionId),
    adapterVersions: status.adapterVersionIds.map((id) => withPrefix('ver', id)),
    requestedAt: timeText(status.requestedAt),
    since: timeText(status.since),
    createdAt: status.createdAt.toISOString(),
  };
}

export function measurementObjectOf(measurement: Measurement): Type.Static<typeof measurementObject> {
  const { versionId: _version, ...facts } = measurement;
  return { ...facts, options: { ...facts.options }, measuredAt: facts.measuredAt.toISOString() };
}

/** An event as `reader` may see it: details name hosts, files and processes. */
export function eventObjectOf(
  event: DeploymentEvent,
  reader: Pick<Principal, 'permissions'>,
): Type.Static<typeof deploymentEvent> {
  const { id, at, kind, from, to, reason, detail } = event;
  return {
    id,
    at: at.toISOString(),
    kind,
    from,
    to,
    reason,
    ...(reader.permissions.has('models.manage') && { detail: { ...detail } }),
  };
}

export function logLineObjectOf({ id, at, workerId, line }: LogLine): Type.Static<typeof logLine> {
  return { id, at: at.toISOString(), worker: withPrefix('wrk', workerId), line };
}
