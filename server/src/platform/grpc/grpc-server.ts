import { EventEmitter } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { GrpcMethod } from '@samovar/contract/grpc-method';
import { SamovarError } from '../../kernel/errors.ts';
import { OpenItems } from '../../kernel/open-items.ts';
import type { Certificate } from '../../kernel/ports/certificate.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { BoundGrpcMethod } from '../../kernel/ports/message-exchange.ts';
import type { Running } from '../../kernel/ports/running.ts';
import type { Authenticate, Authorize } from '../http/data-lane.ts';
import { listen } from '../http/listen.ts';
import { OpenRequests } from '../http/open-requests.ts';
import { readArrival } from './call-arrival.ts';
import { GrpcCall } from './grpc-call.ts';
import { createHealth } from './health/create-health.ts';
import { limitConnections } from './limit-connections.ts';
import { createMethodTable, type MethodEntry } from './method-table.ts';
import { createReflection } from './reflection/create-reflection.ts';
import { serveCall } from './serve-call.ts';
import { type SessionTimes, SessionWatch } from './session-watch.ts';

export interface GrpcTimes extends SessionTimes {
  /** For a whole request. */
  readonly requestMs: number;
  /** For a client that takes nothing of what waits for it. */
  readonly stallMs: number;
  /** For the rest of a request that is answered already. */
  readonly lingerMs: number;
  /** How often all of this is looked at. */
  readonly lookMs: number;
}

export interface GrpcServerOptions {
  readonly methods: readonly BoundGrpcMethod[];
  readonly authenticate: Authenticate;
  readonly authorize: Authorize;
  readonly settings: {
    readonly host: string;
    readonly grpcPort: number;
    /** The largest message, either way. */
    readonly bodyLimitBytes: number;
    readonly connectionLimit: number;
  };
  /** `null` for plain connections. */
  readonly certificate: Certificate | null;
  /** Whether requests would be answered; asked for `grpc.health.v1`. */
  ready(): boolean;
  /** What a method threw, as one of our codes; a failed connection of a store is no internal fault. */
  mapError(thrown: unknown): SamovarError;
  /** Ends what still runs when the grace of a stop is over. */
  endRunning(error: SamovarError): void;
  readonly log: Log;
  readonly times?: Partial<GrpcTimes>;
}

export interface GrpcServer extends Running {
  readonly host: string;
  readonly port: number;
  /** The whole table, health included. */
  readonly methods: readonly GrpcMethod[];
  readonly openConnections: number;
  readonly openCalls: number;
}

const defaultTimes: GrpcTimes = {
  greetingMs: 20_000,
  pingMs: 60_000,
  pingAnswerMs: 20_000,
  idleMs: 15 * 60_000,
  requestMs: 120_000,
  stallMs: 120_000,
  lingerMs: 1000,
  lookMs: 2000,
};
/** Between the end of the grace and the closing of what did not end by itself. */
const lastWordsMs = 500;
const headersLimitBytes = 32 * 1024;
const streamsPerConnection = 1000;
/** Calls of public methods: anyone may make them, and some never end. A proxy may carry those of many clients. */
const backgroundCallsPerConnection = 100;
/** Of the largest size, that may be on their way at once on one connection; of smaller ones more. */
const messagesPerConnection = 4;
/** Of one stream and of one connection, what a client may send ahead. */
const streamWindowBytes = 256 * 1024;
const connectionWindowBytes = 1024 * 1024;
/** Node counts what waits to be sent too: an answer of the largest size must fit several times. */
const sessionMemoryMegabytes = 256;

interface State {
  draining: boolean;
  readonly calls: OpenItems<GrpcCall>;
  readonly sessions: Map<Http2Session, SessionWatch>;
  /** Calls that a stop waits for. */
  readonly running: OpenRequests;
}

/**
 * Starts the gRPC server of an api process: the methods of the table, `grpc.health.v1` and server reflection.
 * Throws `setup.port_in_use` or `setup.setting_invalid` when it cannot listen.
 */
export async function createGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const times = { ...defaultTimes, ...options.times };
  const state: State = {
    draining: false,
    calls: new OpenItems(),
    sessions: new Map(),
    running: new OpenRequests(),
  };
  const health = createHealth({
    services: options.methods.map(({ method }) => method.descriptor.parent.typeName),
    serving: () => !state.draining && options.ready(),
  });
  const methods = [...options.methods, ...health.methods];
  const reflection = createReflection(methods.map(({ method }) => method.descriptor.parent));
  const table = createMethodTable(methods, reflection);
  const server = openServer(options.certificate);
  const roomBytes = messagesPerConnection * options.settings.bodyLimitBytes;
  server.on('session', (session: ServerHttp2Session) => {
    watchSession(state, new SessionWatch(session, roomBytes), options.log);
  });
  server.on('stream', createDispatch(table, state, options));
  const connections = limitConnections(
    server,
    options.settings.connectionLimit,
    options.certificate === null,
  );
  const { host, port } = await listen(
    server,
    options.settings.host,
    options.settings.grpcPort,
    'SAMOVAR_GRPC_PORT',
  );
  server.on('error', (error) => options.log.error({ error }, 'The gRPC server could not take a connection'));
  const looking = setInterval(() => lookAround(state, times), times.lookMs);
  looking.unref();
  let stopped: Promise<void> | null = null;
  return {
    host,
    port,
    methods: methods.map(({ method }) => method),
    get openConnections() {
      return connections.open;
    },
    get openCalls() {
      return state.calls.size;
    },
    stop(graceMs) {
      stopped ??= stop(server, state, graceMs, {
        drained: () => health.tell(),
        endRunning: options.endRunning,
        close: () => connections.close(),
      }).finally(() => clearInterval(looking));
      return stopped;
    },
  };
}

function openServer(certificate: Certificate | null): Http2Server | Http2SecureServer {
  const common: ServerOptions = {
    settings: {
      maxConcurrentStreams: streamsPerConnection,
      initialWindowSize: streamWindowBytes,
      maxHeaderListSize: headersLimitBytes,
    },
    maxSessionMemory: sessionMemoryMegabytes,
  };
  if (certificate === null) return createServer(common);
  const secure: SecureServerOptions = {
    ...common,
    ...certificate.secureContextOptions(),
    handshakeTimeout: defaultTimes.greetingMs,
  };
  const server = createSecureServer(secure);
  certificate.onChange((changed) => server.setSecureContext(changed));
  return server;
}

function watchSession(state: State, watch: SessionWatch, log: Log): void {
  const { session } = watch;
  state.sessions.set(session, watch);
  session.setLocalWindowSize(connectionWindowBytes);
  session.on('error', (error) => log.debug({ error }, 'A gRPC connection failed'));
  session.once('close', () => state.sessions.delete(session));
  if (state.draining) session.close();
}

function createDispatch(
  table: ReadonlyMap<string, MethodEntry>,
  state: State,
  options: GrpcServerOptions,
): (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void {
  const { log } = options;
  const limitBytes = options.settings.bodyLimitBytes;
  const callOptions = { limitBytes, log };
  const serving = { ...options, limitBytes };
  return (stream, headers) => {
    const refusedWith = httpFault(headers);
    if (refusedWith !== null) {
      stream.on('error', (error) => log.debug({ error }, 'A stream failed'));
      stream.respond({ ':status': refusedWith }, { endStream: true });
      stream.close();
      return;
    }
    const call = new GrpcCall(stream, readArrival(headers), callOptions);
    const entry = table.get(call.arrival.path);
    const peer = openCall(state, call, entry?.permission === 'public');
    // The connection is gone already.
    if (peer === undefined) return;
    if (call.background && peer.backgroundCalls > backgroundCallsPerConnection)
      call.error(new SamovarError('system.overloaded', { retryAfterSeconds: 1 }));
    else if (state.draining) call.error(new SamovarError('system.draining', { retryAfterSeconds: 1 }));
    else if (entry) serveCall(call, entry, peer, serving);
    else
      call.error(
        new SamovarError('request.unknown_rpc', { params: { path: call.arrival.path.slice(0, 200) } }),
      );
  };
}

/** Messages are protobuf; `application/grpc-web` is another protocol. */
const grpcType = /^application\/grpc(?:\+proto)?(?:;|$)/;

/** What is no gRPC at all is answered in HTTP's terms, as the protocol prescribes. */
function httpFault(headers: IncomingHttpHeaders): number | null {
  if (headers[':method'] !== 'POST') return 405;
  return grpcType.test(headers['content-type'] ?? '') ? null : 415;
}

function openCall(state: State, call: GrpcCall, background: boolean): SessionWatch | undefined {
  const session = call.stream.session;
  const watch = session ? state.sessions.get(session) : undefined;
  call.background = background;
  call.peer = watch ?? null;
  state.calls.add(call);
  watch?.callOpened(background);
  if (!background) state.running.opened();
  call.stream.once('close', () => {
    state.calls.delete(call);
    watch?.callClosed(background);
    call.closed();
    forgetListeners(call.stream);
    if (!background) state.running.ended();
  });
  return watch;
}

const { removeAllListeners } = EventEmitter.prototype;

/**
 * V8 often keeps a stream until its next full collection; without listeners it keeps the stream alone. Streams listen
 * to the removal of their listeners, and would be told of each.
 */
function forgetListeners(stream: ServerHttp2Stream): void {
  removeAllListeners.call(stream, 'removeListener');
  removeAllListeners.call(stream);
  stream.on('error', ignoreLateError);
}

/** A closed stream has nothing left to fail. */
function ignoreLateError(): void {}

/** Ends what takes too long, and looks after the connections. */
function lookAround(state: State, times: GrpcTimes): void {
  const now = performance.now();
  for (const call of state.calls.toArray()) {
    if (call.reading && !call.ended && now - call.arrival.receivedAt > times.requestMs)
      call.fail(new SamovarError('request.timeout'));
    if (call.answeredAt !== null && now - call.answeredAt > times.lingerMs) call.stream.close();
    if (call.ended) call.leftOverSince ??= now;
    // Silence is fine while a model thinks; bytes that nobody fetches are not.
    const unfetchedSince = call.stalledSince ?? call.leftOverSince;
    if (unfetchedSince !== null && now - unfetchedSince > times.stallMs) call.stream.destroy();
  }
  for (const watch of state.sessions.values()) watch.look(now, times);
}

interface Stopping {
  drained(): void;
  endRunning(error: SamovarError): void;
  close(): void;
}

async function stop(
  server: Http2Server | Http2SecureServer,
  state: State,
  graceMs: number,
  { drained, endRunning, close }: Stopping,
): Promise<void> {
  state.draining = true;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  drained();
  const error = new SamovarError('system.draining', { retryAfterSeconds: 1 });
  for (const call of state.calls.toArray()) if (call.background) call.fail(error);
  // Tells the client to go elsewhere with what it begins from now on; what runs may end.
  for (const session of state.sessions.keys()) session.close();
  await state.running.idleWithin(graceMs);
  if (state.running.count > 0) {
    endRunning(new SamovarError('system.draining'));
    for (const call of state.calls.toArray()) call.fail(error);
    await state.running.idleWithin(lastWordsMs);
  }
  for (const session of state.sessions.keys()) session.destroy();
  close();
  await closed;
}
