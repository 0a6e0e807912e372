import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type DescMessage, type Message, toBinary } from '@bufbuild/protobuf';
import { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { MessageAnswer } from '../../kernel/ports/message-exchange.ts';
import { serverTraceId } from '../../kernel/server-trace-id.ts';
import type { CallArrival } from './call-arrival.ts';
import { errorTrailers } from './error-trailers.ts';
import { frameHeadBytes } from './frame-reader.ts';
import { acceptedEncodings, packMessage, smallestPackedBytes } from './message-compression.ts';

export interface CallOptions {
  readonly limitBytes: number;
  readonly log: Log;
}

/** Longer ones are left to the client; a timer cannot hold them. */
const longestTimerMs = 2 ** 31 - 1;
/** Larger messages are not held back: they may fill the stream, which the sender must be told. */
const heldBytes = 8 * 1024;
const respondOptions = { waitForTrailers: true, sendDate: false };
const lastHeadersOptions = { endStream: true, sendDate: false };
/** Where a client's own retry policy may try again, which it may only while it has seen no headers. */
const retriedStatuses: ReadonlySet<string> = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED']);

/**
 * What is sent on the HTTP/2 stream of one call, in the order that the protocol prescribes: headers, messages,
 * trailers. After the first of `end`, `error`, the deadline and the client's leaving, nothing more has any effect.
 */
export class GrpcCall implements MessageAnswer<Message> {
  /** Where it stands among those that are open. */
  place = -1;
  readonly stream: ServerHttp2Stream;
  readonly arrival: CallArrival;
  readonly #options: CallOptions;
  #output: DescMessage | null = null;
  #ended = false;
  #headersSent = false;
  #headers: Readonly<Record<string, string>> | null = null;
  #trailers: OutgoingHttpHeaders = { 'grpc-status': '0' };
  /** The first message, until the moment is over: one that is the only one goes out together with the end. */
  #held: Buffer | null = null;
  #deadlineTimer: NodeJS.Timeout | null = null;
  #gone: (() => void)[] = [];
  #drained: (() => void)[] = [];
  /** What waits for a message that is being compressed; `null` while none is. */
  #waiting: (() => void)[] | null = null;
  /** Until its request is there. */
  reading = true;
  /** Told of each message that is sent. */
  peer: { sent(): void } | null = null;
  /** Of a public method: a stop does not wait for it. */
  background = false;
  /** What ended it from outside of its method. */
  failure: SamovarError | null = null;
  /** `performance.now()` when it was answered before its request was complete. */
  answeredAt: number | null = null;
  /** `performance.now()` since when the client takes nothing of what waits for it. */
  stalledSince: number | null = null;
  /** `performance.now()` when it was first seen answered, and its client had not fetched everything. */
  leftOverSince: number | null = null;

  constructor(stream: ServerHttp2Stream, arrival: CallArrival, options: CallOptions) {
    this.stream = stream;
    this.arrival = arrival;
    this.#options = options;
    stream.on('error', (error) =>
      options.log.debug({ requestId: arrival.requestId, error }, 'A gRPC stream failed'),
    );
    if (arrival.deadline !== null) this.#startDeadline(arrival.deadline - Date.now());
  }

  /** Whether nothing can be answered any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The type of the messages to come. */
  answersWith(output: DescMessage): void {
    this.#output = output;
  }

  begin(headers: Readonly<Record<string, string>>): void {
    if (!this.#ended && !this.#headersSent) this.#headers = headers;
  }

  message(message: Message): boolean {
    if (this.#ended || this.#output === null) return false;
    const bytes = this.#serialise(this.#output, message);
    if (bytes === null) return false;
    if (bytes.length > this.#options.limitBytes) {
      const params = { limitBytes: this.#options.limitBytes };
      this.fail(new SamovarError('request.answer_too_large', { params }));
      return false;
    }
    if (this.arrival.packs && bytes.length >= smallestPackedBytes) return this.#writePacked(bytes);
    if (this.#waiting === null) return this.#write(frameOf(bytes, 0));
    this.#waiting.push(() => this.#write(frameOf(bytes, 0)));
    return false;
  }

  end(): void {
    if (this.#ended) return;
    this.#finish();
    this.#inOrder(() => this.#sendTrailers());
  }

  error(error: SamovarError): void {
    if (this.#ended) return;
    this.#finish();
    this.#inOrder(() => this.#sendError(error));
  }

  /** Ends with an error from outside of the method, which is told that its client is gone. */
  fail(error: SamovarError): void {
    if (this.#ended) return;
    this.failure = error;
    this.error(error);
    this.#tellGone();
  }

  onDrain(listener: () => void): void {
    this.#drained.push(listener);
  }

  onGone(listener: () => void): void {
    this.#gone.push(listener);
  }

  /** The stream is closed: whatever has not been answered by now never will be. */
  closed(): void {
    if (this.#ended) return;
    this.#finish();
    this.#tellGone();
  }

  #finish(): void {
    this.#ended = true;
    if (this.#deadlineTimer !== null) clearTimeout(this.#deadlineTimer);
    this.#deadlineTimer = null;
  }

  #startDeadline(leftMs: number): void {
    if (leftMs > longestTimerMs) return;
    const expire = () => this.fail(new SamovarError('request.deadline_exceeded'));
    this.#deadlineTimer = setTimeout(expire, Math.max(0, Math.ceil(leftMs)));
  }

  #tellGone(): void {
    const listeners = this.#gone;
    this.#gone = [];
    for (const listener of listeners) listener();
  }

  #tellDrained(): void {
    this.stalledSince = null;
    if (this.#ended || this.#waiting !== null) return;
    for (const listener of this.#drained) listener();
  }

  #serialise(output: DescMessage, message: Message): Uint8Array | null {
    try {
      return toBinary(output, message);
    } catch (error) {
      const { requestId } = this.arrival;
      this.#options.log.error({ requestId, error }, 'An answer does not fit its protobuf message');
      this.fail(new SamovarError('system.internal'));
      return null;
    }
  }

  #inOrder(step: () => void): void {
    if (this.#waiting === null) step();
    else this.#waiting.push(step);
  }

  #writePacked(bytes: Uint8Array): boolean {
    if (this.#waiting !== null) {
      this.#waiting.push(() => this.#writePacked(bytes));
      return false;
    }
    this.#waiting = [];
    packMessage(bytes, (error, packed) => {
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      const flowing = error === null ? this.#write(frameOf(packed, 1)) : this.#write(frameOf(bytes, 0));
      // A step may begin to compress again: what follows it waits with it.
      for (const step of waiting) this.#inOrder(step);
      if (flowing && this.#waiting === null) this.#tellDrained();
    });
    return false;
  }

  #write(frame: Buffer): boolean {
    const { stream } = this;
    if (stream.destroyed || stream.closed) return false;
    if (!this.#headersSent && this.#held === null && frame.length < heldBytes) {
      this.#held = frame;
      queueMicrotask(() => this.#writeHeld());
      return true;
    }
    this.#writeHeld();
    this.peer?.sent();
    this.#sendHeaders();
    if (stream.write(frame)) return true;
    if (this.stalledSince === null) {
      this.stalledSince = performance.now();
      stream.once('drain', () => this.#tellDrained());
    }
    return false;
  }

  #writeHeld(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    if (this.stream.destroyed || this.stream.closed) return;
    this.#sendHeaders();
    this.stream.write(held);
  }

  #sendHeaders(): void {
    if (this.#headersSent) return;
    this.#headersSent = true;
    const headers = this.#commonHeaders();
    if (this.#headers !== null)
      for (const name of Object.keys(this.#headers)) headers.push(name, this.#headers[name] ?? '');
    this.stream.on('wantTrailers', () => this.#writeTrailers());
    this.stream.respond(headers, respondOptions);
  }

  /** Names and values in turns, as Node takes them soonest. */
  #commonHeaders(): string[] {
    const { requestId, clientRequestId, packs } = this.arrival;
    const headers = [
      ':status',
      '200',
      'content-type',
      'application/grpc+proto',
      'grpc-accept-encoding',
      acceptedEncodings,
      'x-request-id',
      requestId,
      'x-server-trace-id',
      serverTraceId(requestId),
    ];
    if (packs) headers.push('grpc-encoding', 'gzip');
    if (clientRequestId !== null) headers.push('x-client-request-id', clientRequestId);
    return headers;
  }

  #sendTrailers(): void {
    if (this.stream.destroyed || this.stream.closed) return;
    this.#sendHeaders();
    const held = this.#held;
    this.#held = null;
    if (held === null) this.stream.end();
    else this.stream.end(held);
  }

  #sendError(error: SamovarError): void {
    const { stream, arrival } = this;
    if (stream.destroyed || stream.closed) return;
    this.#writeHeld();
    this.#trailers = errorTrailers(error, arrival.requestId);
    if (this.#headersSent || !retriedStatuses.has(error.entry.grpcStatus)) {
      if (arrival.clientRequestId !== null) this.#trailers['x-client-request-id'] = arrival.clientRequestId;
      this.#sendTrailers();
    } else {
      const headers = this.#commonHeaders();
      for (const [name, value] of Object.entries(this.#trailers)) headers.push(name, String(value));
      stream.respond(headers, lastHeadersOptions);
      this.#closeRequest();
    }
  }

  #writeTrailers(): void {
    this.stream.sendTrailers(this.#trailers);
    this.#closeRequest();
  }

  /** The rest of a request that is answered already is thrown away, so that the client sees the answer. */
  #closeRequest(): void {
    if (this.stream.readableEnded) return;
    this.answeredAt = performance.now();
    this.stream.resume();
  }
}

function frameOf(bytes: Uint8Array, flag: 0 | 1): Buffer {
  const frame = Buffer.allocUnsafe(frameHeadBytes + bytes.length);
  frame[0] = flag;
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, frameHeadBytes);
  return frame;
}
