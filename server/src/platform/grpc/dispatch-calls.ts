import { SamovarError } from '../../kernel/errors.ts';
import { encodeStatus } from '../http2/hpack/encode-fields.ts';
import { errorCode } from '../http2/protocol.ts';
import type { RequestHead } from '../http2/request-head.ts';
import type { ServerStream } from '../http2/server-stream.ts';
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
): (peer: SessionWatch, stream: ServerStream, head: RequestHead) => void {
  const { limitBytes, log } = options;
  const callOptions = { limitBytes, log, closed: (call: GrpcCall) => callClosed(open, call) };
  return (peer, stream, head) => {
    const refusedWith = httpFault(head);
    if (refusedWith !== null) {
      stream.respond(encodeStatus(refusedWith), true);
      stream.reset(errorCode.noError);
      return;
    }
    const entry = table.get(head.path);
    const background = entry?.permission === 'public';
    const call = new GrpcCall(stream, readArrival(head), { peer, background }, callOptions);
    stream.listener = call;
    open.calls.add(call);
    peer.callOpened(background);
    if (!background) open.running.opened();
    if (background && peer.backgroundCalls > backgroundCallsPerConnection)
      call.error(new SamovarError('system.overloaded', { retryAfterSeconds: 1 }));
    else if (open.draining) call.error(new SamovarError('system.draining', { retryAfterSeconds: 1 }));
    else if (entry) serveCall(call, entry, peer, options);
    else call.error(new SamovarError('request.unknown_rpc', { params: { path: head.path.slice(0, 200) } }));
  };
}

/** Messages are protobuf; `application/grpc-web` is another protocol. */
const grpcType = /^application\/grpc(?:\+proto)?(?:;|$)/;

/** What is no gRPC at all is answered in HTTP's terms, as the protocol prescribes. */
function httpFault({ method, headers }: RequestHead): number | null {
  if (method !== 'POST') return 405;
  const type = headers['content-type'] ?? '';
  return type === 'application/grpc' || grpcType.test(type) ? null : 415;
}

function callClosed(open: OpenCalls, call: GrpcCall): void {
  open.calls.delete(call);
  call.peer.callClosed(call.background);
  if (!call.background) open.running.ended();
}
