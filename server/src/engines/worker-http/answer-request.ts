import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type WorkerHealth, workerHeaders } from '@samovar/contract/worker-protocol';
import { asSamovarError, SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { readJsonBody } from './read-json-body.ts';
import { createExchange, requestIdOf, sendError, sendJson, sendText } from './worker-exchange.ts';
import type { WorkerExchange, WorkerRoute } from './worker-route.ts';

/** What a worker's server knows about the requests in it. */
export interface AnsweringState {
  draining: boolean;
  lastUsedAt: number;
  /** Open requests that use the model; `null` while the body is being read. */
  readonly open: Map<ServerResponse, WorkerExchange | null>;
}

export interface Serving {
  readonly token: string | null;
  /** By `METHOD path`. */
  readonly routes: ReadonlyMap<string, WorkerRoute>;
  readonly paths: ReadonlySet<string>;
  readonly bodyLimitBytes: number;
  readonly stallTimeoutMs: number;
  health(): WorkerHealth;
  metrics(): string;
  readonly log: Log;
}

/** Answers one request. Never rejects: whatever a handler throws becomes an error answer. */
export async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  serving: Serving,
  state: AnsweringState,
): Promise<void> {
  const receivedAt = performance.now();
  const requestId = requestIdOf(request);
  response.setHeader(workerHeaders.requestId, requestId);
  response.on('error', (error) => serving.log.debug({ requestId, err: error }, 'the connection broke'));
  let exchange: WorkerExchange | null = null;
  try {
    const route = findRoute(request, response, serving);
    if (route === null) return;
    if (route.usesModel) enter(response, state);
    const body = route.method === 'POST' ? await readJsonBody(request, serving.bodyLimitBytes) : {};
    exchange = createExchange(request, response, { requestId, receivedAt, body }, serving.stallTimeoutMs);
    if (state.open.has(response)) state.open.set(response, exchange);
    await route.handle(exchange);
  } catch (thrown) {
    if (request.destroyed && !request.complete) return;
    const error = asSamovarError(thrown);
    if (error.code === 'system.internal' || error.code === 'engine.failed')
      serving.log.error({ requestId, err: error, cause: error.cause }, 'a request failed');
    // The rest of a body that was not read would be taken for the next request.
    if (!request.complete && !response.headersSent) response.setHeader('connection', 'close');
    if (exchange === null) sendError(response, error);
    else exchange.fail(error);
  }
}

/** The route to run, or `null` when the request is answered already. Throws what the caller did wrong. */
function findRoute(request: IncomingMessage, response: ServerResponse, serving: Serving): WorkerRoute | null {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const method = request.method ?? 'GET';
  if (method === 'GET' && path === '/health') {
    sendJson(response, 200, serving.health());
    return null;
  }
  if (serving.token !== null) checkToken(request.headers[workerHeaders.token], serving.token);
  if (method === 'GET' && path === '/metrics') {
    sendText(response, 200, 'text/plain; version=0.0.4; charset=utf-8', serving.metrics());
    return null;
  }
  const route = serving.routes.get(`${method} ${path}`);
  if (route !== undefined) return route;
  if (serving.paths.has(path)) throw new SamovarError('request.method_not_allowed', { params: { method } });
  throw new SamovarError('request.route_not_found', { params: { method, path } });
}

function checkToken(given: string | string[] | undefined, token: string): void {
  if (given === undefined) throw new SamovarError('access.key_missing');
  const [left, right] = [Buffer.from(String(given)), Buffer.from(token)];
  if (left.length !== right.length || !timingSafeEqual(left, right))
    throw new SamovarError('access.key_invalid');
}

function enter(response: ServerResponse, state: AnsweringState): void {
  if (state.draining) throw new SamovarError('system.draining', { retryAfterSeconds: 1 });
  state.lastUsedAt = Date.now();
  state.open.set(response, null);
  response.once('close', () => {
    state.lastUsedAt = Date.now();
    state.open.delete(response);
  });
}
