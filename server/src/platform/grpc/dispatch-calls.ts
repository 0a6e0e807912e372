import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { SamovarError } from '../../kernel/errors.ts';
import { readArrival } from './call-arrival.ts';
import { GrpcCall } from './grpc-call.ts';
import type { MethodEntry } from './method-table.ts';
import type { OpenCalls } from './open-calls.ts';
import { type ServeOptions, serveCall } from './serve-call.ts';
import type { SessionWatch } from './session-watch.ts';

/** Calls of public methods: anyone may make them, and some never end. A proxy may carry those of many clients. */
const backgroundCallsPerConnection = 100;

/** Takes every stream that a client opens: what is no gRPC is refused, a call is counted and served by its method. */
export function createDispatch(
  table: ReadonlyMap<string, MethodEntry>,
  open: OpenCalls,
  options: ServeOptions,
): (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void {
  const { log } = options;
  return (stream, headers) => {
    const refusedWith = httpFault(headers);
    if (refusedWith !== null) {
      stream.on('error', (error) => log.debug({ error }, 'A stream failed'));
      stream.respond({ ':status': refusedWith }, { endStream: true });
      stream.close();
      return;
    }
    const call = new GrpcCall(stream, readArrival(headers), options);
    const entry = table.get(call.arrival.path);
    const peer = openCall(open, call, entry?.permission === 'public');
    // The connection is gone already.
    if (peer === undefined) return;
    if (call.background && peer.backgroundCalls > backgroundCallsPerConnection)
      call.error(new SamovarError('system.overloaded', { retryAfterSeconds: 1 }));
    else if (open.draining) call.error(new SamovarError('system.draining', { retryAfterSeconds: 1 }));
    else if (entry) serveCall(call, entry, peer, options);
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
  const type = headers['content-type'] ?? '';
  return type === 'application/grpc' || grpcType.test(type) ? null : 415;
}

function openCall(open: OpenCalls, call: GrpcCall, background: boolean): SessionWatch | undefined {
  const session = call.stream.session;
  const watch = session ? open.sessions.get(session) : undefined;
  call.background = background;
  call.peer = watch ?? null;
  open.calls.add(call);
  watch?.callOpened(background);
  if (!background) open.running.opened();
  call.stream.on('close', () => {
    open.calls.delete(call);
    watch?.callClosed(background);
    call.closed();
    forgetListeners(call.stream);
    if (!background) open.running.ended();
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
