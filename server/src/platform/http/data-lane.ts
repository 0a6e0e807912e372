import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Permission } from '@samovar/contract/permissions';
import type { Route } from '@samovar/contract/route';
import { asSamovarError, SamovarError } from '../../kernel/errors.ts';
import type { BoundRoute, DataExchange, RequestHeaders } from '../../kernel/ports/http-routes.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { NewerPolicy } from '../../kernel/ports/newer-policy.ts';
import type { Principal } from '../../kernel/principal.ts';
import { answerError } from './answer-error.ts';
import { checkContentType } from './check-content-type.ts';
import { NodeAnswer } from './node-answer.ts';
import { readBody } from './read-body.ts';
import { readKey } from './read-key.ts';
import type { RequestRoom } from './request-room.ts';
import { setHeaders } from './set-headers.ts';

export type DataRoute = Extract<BoundRoute, { readonly route: { readonly lane: 'data' } }>;

/** Finds who calls. Throws `access.*` or `system.policy_stale`. */
export type Authenticate = (key: string | null) => Principal;

export interface DataLaneOptions {
  readonly authenticate: Authenticate;
  /** Whether a key that is not known is worth another look. */
  readonly newerPolicy: NewerPolicy;
  readonly authorize: Authorize;
  readonly bodyLimitBytes: number;
  /** How often it is looked whether a body still comes fast enough. */
  readonly paceMs: number;
  readonly log: Log;
}

export interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly room: RequestRoom;
  readonly requestId: string;
  readonly commonHeaders: readonly string[];
  /** `performance.now()` */
  readonly receivedAt: number;
}

/** Throws `access.forbidden` when the principal lacks a permission. */
export type Authorize = (principal: Principal, permission: Permission) => void;

/** The routes that skip the framework, by method and exact path. */
export function dataRouteMap(routes: readonly BoundRoute[]): Map<string, DataRoute> {
  const map = new Map<string, DataRoute>();
  for (const bound of routes) {
    if (!isDataRoute(bound)) continue;
    if (bound.route.permission === 'public' || bound.route.path.includes('{'))
      throw new Error(`${bound.route.id}: a data route has a permission and an exact path`);
    map.set(`${bound.route.method} ${bound.route.path}`, bound);
  }
  return map;
}

export function isDataRoute(bound: BoundRoute): bound is DataRoute {
  return bound.route.lane === 'data';
}

/** Authenticates, reads the body whole and hands the exchange to its route. Every refusal is answered here. */
export function serveData(bound: DataRoute, arrival: Arrival, options: DataLaneOptions): void {
  const { request, response, requestId } = arrival;
  const fail = (thrown: unknown): void => {
    const error = asSamovarError(thrown);
    if (error.code === 'system.internal')
      options.log.error({ requestId, error: error.cause }, 'A data route failed before its answer began');
    if (!response.headersSent) setHeaders(response, arrival.commonHeaders);
    answerError(request, response, { error, errorBody: bound.errorBody, requestId });
  };
  const begin = () => serveAdmitted(bound, arrival, options, fail);
  try {
    begin();
  } catch (thrown) {
    const newer = options.newerPolicy(thrown);
    if (newer === null) {
      fail(thrown);
      return;
    }
    newer
      .then((isNewer) => {
        if (!isNewer) throw thrown;
        begin();
      })
      .catch(fail);
  }
}

/** Throws what keeps it from being admitted. */
function serveAdmitted(
  bound: DataRoute,
  { request, response, room, requestId, receivedAt, commonHeaders }: Arrival,
  options: DataLaneOptions,
  fail: (thrown: unknown) => void,
): void {
  const principal = admit(bound.route, request.headers, options);
  const refuse = (thrown: unknown, body: Buffer | null): void => {
    const error = thrown === null ? null : asSamovarError(thrown);
    bound.refused({ requestId, receivedAt, principal, body, error });
    if (error === null) response.destroy();
    else fail(error);
  };
  try {
    if (bound.route.method !== 'GET' && bound.route.method !== 'DELETE') checkContentType(request.headers);
  } catch (thrown) {
    refuse(thrown, null);
    return;
  }
  readBody({ request, room }, options, (outcome) => {
    if (outcome === null || outcome instanceof SamovarError) {
      refuse(outcome, null);
      return;
    }
    const exchange: DataExchange = {
      route: bound.route,
      requestId,
      receivedAt,
      principal,
      headers: request.headers,
      body: outcome,
      commonHeaders,
      answer: new NodeAnswer(response),
    };
    try {
      bound.handle(exchange)?.catch((thrown: unknown) => refuse(thrown, outcome));
    } catch (thrown) {
      refuse(thrown, outcome);
    }
  });
}

/** Who calls, and may. Throws `access.*` or `system.policy_stale`. */
export function admit(
  route: Route,
  headers: RequestHeaders,
  options: Pick<DataLaneOptions, 'authenticate' | 'authorize'>,
): Principal {
  const principal = options.authenticate(readKey(headers));
  if (route.permission !== 'public') options.authorize(principal, route.permission);
  return principal;
}
