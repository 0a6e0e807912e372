import type { DescMethodServerStreaming, DescMethodUnary, MessageShape } from '@bufbuild/protobuf';
import type { GrpcMethod } from '@samovar/contract/grpc-method';
import type { SamovarError } from '../errors.ts';
import type { Principal } from '../principal.ts';

export type MessageMethod = DescMethodUnary | DescMethodServerStreaming;

/** One call of a method whose messages are protobuf, whichever protocol (gRPC or REST) carries it. */
export interface MessageExchange<Method extends MessageMethod = MessageMethod> {
  readonly requestId: string;
  /** `performance.now()` at arrival. */
  readonly receivedAt: number;
  /** `null` on public methods. */
  readonly principal: Principal | null;
  /** HTTP headers or gRPC metadata, names in lower case; several values of one as their protocol joins them. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch by which the client wants its answer; `null` without a limit. */
  readonly deadline: number | null;
  readonly request: MessageShape<Method['input']>;
  /** Size of the request in bytes, after any compression is undone. */
  readonly requestBytes: number;
  readonly answer: MessageAnswer<MessageShape<Method['output']>>;
}

/**
 * Where the answer goes. Order: `begin` at most once, then messages (exactly one for a unary method), then `end`; or
 * `error` at any point, which is last. After the client left nothing reaches it, and calls do no harm.
 */
export interface MessageAnswer<Message> {
  /** Headers (initial metadata) beside the request id, which every answer carries. */
  begin(headers: Readonly<Record<string, string>>): void;
  /** Returns false when the client reads slowly: `onDrain` tells when it has caught up. */
  message(message: Message): boolean;
  end(): void;
  error(error: SamovarError): void;
  onDrain(listener: () => void): void;
  /** The client cancelled, left, or its deadline passed before the answer was complete. */
  onGone(listener: () => void): void;
}

/** A request of a valid, permitted key that ended before its method took it. */
export interface MessageRefusal {
  readonly requestId: string;
  readonly receivedAt: number;
  readonly principal: Principal;
  /** `null` when the client left before its request was complete. */
  readonly error: SamovarError | null;
}

/** A gRPC method with what serves it. */
export interface BoundGrpcMethod<Method extends MessageMethod = MessageMethod> {
  readonly method: GrpcMethod<Method>;
  /** Takes the call, or throws what refuses it. */
  handle(exchange: MessageExchange<Method>): void;
  /** Told once of each request of a valid key that `handle` did not take. */
  refused(refusal: MessageRefusal): void;
}
