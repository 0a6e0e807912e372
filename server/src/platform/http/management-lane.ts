import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { errorHeaders } from '../../kernel/error-headers.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type {
  BoundRoute,
  ErrorBody,
  ManagementReply,
  RememberReply,
} from '../../kernel/ports/http-routes.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { NewerPolicy } from '../../kernel/ports/newer-policy.ts';
import type { Principal } from '../../kernel/principal.ts';
import { checkContentType } from './check-content-type.ts';
import { type Authenticate, type Authorize, admit } from './data-lane.ts';
import { toManagementError } from './management-error.ts';
import { restParameter, toFrameworkPath } from './path-template.ts';
import { readBody } from './read-body.ts';
import { readJson } from './read-json.ts';
import { refuseNul } from './refuse-nul.ts';
import type { RunOnce } from './replay.ts';
import type { RequestRoom } from './request-room.ts';
import { createRequestCheck } from './validate-request.ts';

export type ManagementRoute = Extract<BoundRoute, { readonly route: { readonly lane: 'management' } }>;

export interface ManagementLaneOptions {
  readonly routes: readonly ManagementRoute[];
  readonly authenticate: Authenticate;
  /** Whether a key that is not known is worth another look. */
  readonly newerPolicy: NewerPolicy;
  readonly authorize: Authorize;
  readonly runOnce: RunOnce;
  readonly bodyLimitBytes: number;
  /** How often it is looked whether a body still comes fast enough. */
  readonly paceMs: number;
  /** The id that a request was given at its arrival, and its room. */
  arrivalOf(request: IncomingMessage): { readonly requestId: string; readonly room: RequestRoom };
  /** The error body of the surface that a path belongs to. */
  errorBodyOf(path: string): ErrorBody;
  /** Answers what no route matches: `request.route_not_found` or `request.method_not_allowed`. */
  noRoute(method: string, path: string): SamovarError;
  /** What a handler threw, as one of our codes. */
  mapError(thrown: unknown): SamovarError;
  /** Aborted when the server begins to stop. */
  readonly stopping: AbortSignal;
  readonly log: Log;
}

export type ServeManagement = (request: IncomingMessage, response: ServerResponse) => void;

/** The framework behind the data path, built from the same route table. */
export async function createManagementLane(options: ManagementLaneOptions): Promise<ServeManagement> {
  const app = Fastify({
    logger: false,
    bodyLimit: options.bodyLimitBytes,
    genReqId: (request) => options.arrivalOf(request as IncomingMessage).requestId,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 1024 },
    frameworkErrors: (error, request, reply) => sendError(error, request, reply, options),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request, _payload, done) => {
    const { room } = options.arrivalOf(request.raw);
    readBody({ request: request.raw, room }, options, (outcome) => {
      try {
        // Nobody hears that the client left.
        if (!Buffer.isBuffer(outcome)) throw outcome ?? new SamovarError('request.timeout');
        done(null, parseBody(request, outcome));
      } catch (thrown) {
        done(thrown as Error);
      }
    });
  });
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, options));
  app.setNotFoundHandler((request, reply) =>
    sendError(options.noRoute(request.method, pathOf(request)), request, reply, options),
  );
  for (const bound of options.routes) if (bound.route.rawBody === undefined) addRoute(app, bound, options);
  await app.register(async (raw) => {
    raw.removeAllContentTypeParsers();
    raw.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    for (const bound of options.routes) if (bound.route.rawBody !== undefined) addRoute(raw, bound, options);
  });
  await app.ready();
  return (request, response) => app.routing(request, response);
}

/** Many clients name a content type on a DELETE without a body; routes that need a body find it missing. */
function parseBody(request: FastifyRequest, body: Buffer): unknown {
  if (body.length === 0) return undefined;
  checkContentType(request.headers);
  return readJson(body);
}

function addRoute(app: FastifyInstance, bound: ManagementRoute, options: ManagementLaneOptions): void {
  const { route } = bound;
  const check = createRequestCheck(route);
  const rest = restParameter(route.path);
  const principals = new WeakMap<FastifyRequest, Principal>();
  app.route({
    method: route.method,
    url: toFrameworkPath(route.path),
    // One that changes something, also where a protocol prescribes GET for it, is not done by asking for its head.
    exposeHeadRoute: route.audit === null && !isStreamed(route),
    onRequest: async (request) => {
      // `/v1/models/` is no model.
      if (rest !== null && withRest(request.params as Record<string, string>, rest)[rest] === '')
        throw options.noRoute(request.method, pathOf(request));
      if (route.permission === 'public') return;
      const admitted = () => admit(route, request.headers, options);
      try {
        principals.set(request, admitted());
      } catch (thrown) {
        if (!(await options.newerPolicy(thrown))) throw thrown;
        principals.set(request, admitted());
      }
    },
    handler: async (request, reply) => {
      const parts = check({
        params: withRest(request.params as Record<string, string>, rest),
        query: request.query,
        body: rawBodyOf(route, request) ?? request.body,
      });
      refuseNul(route.body ? parts : { ...parts, body: undefined });
      const left = new AbortController();
      reply.raw.once('close', () => left.abort());
      const signal = AbortSignal.any([left.signal, options.stopping]);
      const principal = principals.get(request) ?? null;
      const call = (remember?: RememberReply) =>
        bound.handle({
          route,
          requestId: request.id,
          principal,
          headers: request.headers,
          params: parts.params as Record<string, string>,
          query: parts.query as Record<string, string | number | boolean | undefined>,
          body: parts.body,
          signal,
          ...(remember && { remember }),
        });
      const key = request.headers['idempotency-key'];
      const answer =
        route.idempotent && principal !== null && key !== undefined
          ? await options.runOnce(
              {
                principal,
                key: idempotencyKey(key),
                routeId: route.id,
                fingerprint: JSON.stringify([request.url, parts.body]),
              },
              call,
            )
          : await call();
      return sendReply(bound, answer, reply);
    },
  });
}

/** An answer without an end has no head to ask for. */
function isStreamed({ responses }: ManagementRoute['route']): boolean {
  return Object.values(responses).some(({ contentType }) => contentType === 'text/event-stream');
}

/** A body of no bytes comes without a content type, and past every parser. */
function rawBodyOf({ rawBody }: ManagementRoute['route'], request: FastifyRequest): Readable | null {
  if (rawBody === undefined) return null;
  return request.body instanceof Readable ? request.body : Readable.from([]);
}

function idempotencyKey(value: string | string[]): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= 255) return value;
  throw new SamovarError('request.invalid', {
    params: { parameter: 'Idempotency-Key', reason: 'it must have 1 to 255 characters.' },
    field: 'Idempotency-Key',
  });
}

function withRest(params: Record<string, string>, rest: string | null): Record<string, string> {
  if (rest === null) return params;
  const { '*': value = '', ...others } = params;
  return { ...others, [rest]: value };
}

function sendReply(bound: ManagementRoute, answer: ManagementReply, reply: FastifyReply): FastifyReply {
  const declared = bound.route.responses[answer.status]?.contentType;
  reply.code(answer.status).headers(answer.headers ?? {});
  if (answer.body === null) return reply.send();
  if (answer.body instanceof Readable && !reply.hasHeader('content-type'))
    reply.header('content-type', declared ?? 'application/octet-stream');
  if (!reply.hasHeader('content-type'))
    reply.header(
      'content-type',
      declared ?? (typeof answer.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'),
    );
  const asItIs = typeof answer.body === 'string' || answer.body instanceof Readable;
  return reply.send(asItIs ? answer.body : JSON.stringify(answer.body));
}

function sendError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  options: ManagementLaneOptions,
): FastifyReply {
  const error = toManagementError(thrown, request, options);
  if (error.code === 'system.internal')
    options.log.error({ requestId: request.id, error: error.cause }, 'A management call failed');
  if (!request.raw.complete) reply.header('connection', 'close');
  const errorBody = options.errorBodyOf(pathOf(request));
  return reply
    .code(error.entry.httpStatus)
    .headers({ ...errorHeaders(error), ...errorBody.headers?.(request.id) })
    .header('content-type', 'application/json')
    .send(JSON.stringify(errorBody(error, request.id)));
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? request.url;
}
