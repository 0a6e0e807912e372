import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { SamovarError } from '../../kernel/errors.ts';
import { serverTraceId } from '../../kernel/server-trace-id.ts';
import type { CallArrival } from './call-arrival.ts';
import { errorTrailers } from './error-trailers.ts';
import { acceptedEncodings } from './message-compression.ts';

/** Larger messages are not held back: they may fill the stream, which the sender must be told. */
const heldBytes = 8 * 1024;
const respondOptions = { waitForTrailers: true, sendDate: false };
const lastHeadersOptions = { endStream: true, sendDate: false };
const goodTrailers: OutgoingHttpHeaders = { 'grpc-status': '0' };
/** Where a client's own retry policy may try again, which it may only while it has seen no headers. */
const retriedStatuses: ReadonlySet<string> = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED']);

/** What goes out on the HTTP/2 stream of one call, in the order that the protocol prescribes: headers, messages, trailers. */
export class CallWriter {
  readonly #stream: ServerHttp2Stream;
  readonly #arrival: CallArrival;
  #headersSent = false;
  #headers: Readonly<Record<string, string>> | null = null;
  #trailers = goodTrailers;
  /** The first message, until the moment is over: one that is the only one goes out together with the end. */
  #held: Buffer | null = null;
  /** `performance.now()` when it was answered before its request was complete. */
  answeredAt: number | null = null;

  constructor(stream: ServerHttp2Stream, arrival: CallArrival) {
    this.#stream = stream;
    this.#arrival = arrival;
  }

  /** Headers beside those that every answer has; without effect once they are sent. */
  addHeaders(headers: Readonly<Record<string, string>>): void {
    if (!this.#headersSent) this.#headers = headers;
  }

  /** Returns false when the stream is full, or gone. */
  write(frame: Buffer): boolean {
    if (this.#gone()) return false;
    if (!this.#headersSent && this.#held === null && frame.length < heldBytes) {
      this.#held = frame;
      process.nextTick(writeHeld, this);
      return true;
    }
    this.flush();
    this.#sendHeaders();
    return this.#stream.write(frame);
  }

  /** Writes the message that is held back, if there is one. */
  flush(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    if (this.#gone()) return;
    this.#sendHeaders();
    this.#stream.write(held);
  }

  end(): void {
    if (this.#gone()) return;
    this.#sendHeaders();
    const held = this.#held;
    this.#held = null;
    if (held === null) this.#stream.end();
    else this.#stream.end(held);
  }

  endWithError(error: SamovarError): void {
    if (this.#gone()) return;
    this.flush();
    const { requestId, clientRequestId } = this.#arrival;
    this.#trailers = errorTrailers(error, requestId);
    if (this.#headersSent || !retriedStatuses.has(error.entry.grpcStatus)) {
      if (clientRequestId !== null) this.#trailers['x-client-request-id'] = clientRequestId;
      this.end();
      return;
    }
    const headers = this.#commonHeaders();
    for (const [name, value] of Object.entries(this.#trailers)) headers.push(name, String(value));
    this.#stream.respond(headers, lastHeadersOptions);
    this.#closeRequest();
  }

  #gone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  #sendHeaders(): void {
    if (this.#headersSent) return;
    this.#headersSent = true;
    const headers = this.#commonHeaders();
    const more = this.#headers;
    if (more !== null) for (const name of Object.keys(more)) headers.push(name, more[name] ?? '');
    this.#stream.on('wantTrailers', () => this.#sendTrailers());
    this.#stream.respond(headers, respondOptions);
  }

  /** Names and values in turns, as Node takes them soonest. */
  #commonHeaders(): string[] {
    const { requestId, clientRequestId, packs } = this.#arrival;
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
    this.#stream.sendTrailers(this.#trailers);
    this.#closeRequest();
  }

  /** The rest of a request that is answered already is thrown away, so that the client sees the answer. */
  #closeRequest(): void {
    if (this.#stream.readableEnded) return;
    this.answeredAt = performance.now();
    this.#stream.resume();
  }
}

function writeHeld(writer: CallWriter): void {
  writer.flush();
}
