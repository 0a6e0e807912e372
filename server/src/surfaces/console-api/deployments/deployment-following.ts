import Type from 'typebox';
import type { BoundRoute, RequestHeaders } from '../../../kernel/ports/http-routes.ts';
import type { Principal } from '../../../kernel/principal.ts';
import {
  type FollowDependencies,
  followDeployment,
  followLogs,
  readDeployment,
  selectEvents,
  selectLogLines,
} from '../../../modules/serving/index.ts';
import { consoleRoute } from '../console-route.ts';
import { eventStream, type ServerEvent } from '../event-stream.ts';
import { type Followers, followerErrors, lastEventIdHeader } from '../followers.ts';
import { deploymentStreamEvents, logStreamEvents } from './deployment-events.ts';
import { deploymentObjectOf, eventObjectOf, logLineObjectOf } from './deployment-object.ts';
import { namedDeployment, deploymentParams as params } from './named-deployment.ts';

export type FollowingApi = FollowDependencies & { readonly followers: Followers };

const tag = 'Deployments';
const usualEvents = 100;
const usualLines = 200;

const query = (usual: number) =>
  Type.Object(
    {
      follow: Type.Optional(
        Type.Boolean({ default: true, description: '`false` answers with what there is, and ends.' }),
      ),
      tail: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 5000,
          default: usual,
          description: 'How much of the past comes first.',
        }),
      ),
    },
    { additionalProperties: false },
  );

/** `/api/deployments/{id}/events`: what happens to it, as it happens. */
export function deploymentEventsRoute(api: FollowingApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.deployments.events',
      method: 'GET',
      path: '/api/deployments/{id}/events',
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'Follow what happens to a deployment, and why',
      description:
        'Server-sent events: `event` for each change of its state, decision and setting, with its reason, the past first; `status` with the whole deployment whenever its state, its progress, its place in the queue or its waiting requests change. `Last-Event-ID` goes on after an event without a gap.',
      params,
      query: query(usualEvents),
      headers: lastEventIdHeader,
      responses: {
        200: {
          description: 'The events.',
          contentType: 'text/event-stream',
          events: deploymentStreamEvents,
        },
        ...followerErrors,
      },
    },
    async ({ principal, params: { id = '' }, query, headers, signal }) => {
      const { deploymentId } = await namedDeployment(api.database, principal, id);
      const after = lastEventId(headers);
      const tail = typeof query.tail === 'number' ? query.tail : usualEvents;
      if (query.follow === false)
        return eventStream(pastEvents(api, principal, deploymentId, { after, tail }));
      const until = api.followers.admit(principal, signal);
      return eventStream(news(api, principal, deploymentId, { after, history: tail, signal: until }));
    },
  );
}

/** `/api/deployments/{id}/logs`: what its workers wrote. */
export function deploymentLogsRoute(api: FollowingApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.deployments.logs',
      method: 'GET',
      path: '/api/deployments/{id}/logs',
      permission: 'models.manage',
      audit: null,
      tag,
      summary: 'Read and follow what the workers of a deployment wrote',
      description:
        'Server-sent events, one `line` each; they may name files of the machine. Kept: the last 5,000 lines of a week.',
      params,
      query: query(usualLines),
      headers: lastEventIdHeader,
      responses: {
        200: {
          description: 'The lines.',
          contentType: 'text/event-stream',
          events: logStreamEvents,
        },
        ...followerErrors,
      },
    },
    async ({ principal, params: { id = '' }, query, headers, signal }) => {
      const deploymentId = await writerOf(api, principal, id);
      const after = lastEventId(headers);
      const tail = typeof query.tail === 'number' ? query.tail : usualLines;
      if (query.follow === false)
        return eventStream(pastLines(api, principal, deploymentId, { after, tail }));
      const until = api.followers.admit(principal, signal);
      return eventStream(lines(api, principal, deploymentId, { after, history: tail, signal: until }));
    },
  );
}

/** An adapter has no worker of its own: that of its base writes. */
async function writerOf({ database }: FollowDependencies, principal: Principal, id: string): Promise<string> {
  const status = await namedDeployment(database, principal, id);
  if (status.baseVersionId === null) return status.deploymentId;
  const base = await readDeployment(database, { ...status, versionId: status.baseVersionId });
  return base === null || base === 'removed' ? status.deploymentId : base.deploymentId;
}

type Following = Parameters<typeof followDeployment>[3];

async function* news(
  api: FollowDependencies,
  principal: Principal,
  deploymentId: string,
  following: Following,
): AsyncGenerator<ServerEvent> {
  for await (const one of followDeployment(api, principal, deploymentId, following))
    if (one.kind === 'event')
      yield { id: one.event.id, event: 'event', data: eventObjectOf(one.event, principal) };
    else yield { event: 'status', data: deploymentObjectOf(one.status, principal) };
}

async function* lines(
  api: FollowDependencies,
  principal: Principal,
  deploymentId: string,
  following: Following,
): AsyncGenerator<ServerEvent> {
  for await (const line of followLogs(api, principal, deploymentId, following))
    yield { id: line.id, event: 'line', data: logLineObjectOf(line) };
}

interface Past {
  readonly after: string | null;
  readonly tail: number;
}

async function* pastEvents(
  { database }: FollowDependencies,
  principal: Principal,
  deploymentId: string,
  { after, tail }: Past,
): AsyncGenerator<ServerEvent> {
  for (const event of await selectEvents(database, principal, deploymentId, { after, limit: tail }))
    yield { id: event.id, event: 'event', data: eventObjectOf(event, principal) };
}

async function* pastLines(
  { database }: FollowDependencies,
  principal: Principal,
  deploymentId: string,
  { after, tail }: Past,
): AsyncGenerator<ServerEvent> {
  for (const line of await selectLogLines(database, principal, deploymentId, { after, limit: tail }))
    yield { id: line.id, event: 'line', data: logLineObjectOf(line) };
}

/** Where a client that comes again goes on; `null` for the first time, and for what is no id of ours. */
function lastEventId(headers: RequestHeaders): string | null {
  const given = headers['last-event-id'];
  return typeof given === 'string' && /^\d{1,18}$/.test(given) ? given : null;
}
