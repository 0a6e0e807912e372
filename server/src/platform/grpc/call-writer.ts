import type { SamovarError } from '../../kernel/errors.ts';
import { serverTraceId } from '../../kernel/server-trace-id.ts';
import { encodeField, encodeFieldHead, encodeStatus } from '../http2/hpack/encode-fields.ts';
import type { ServerStream } from '../http2/server-stream.ts';
import type { CallArrival } from './call-arrival.ts';
import { errorTrailers } from './error-trailers.ts';
import { acceptedEncodings } from './message-compression.ts';

const idLength = 36;
const traceIdLength = serverTraceId('0'.repeat(idLength)).length;
/** What every answer begins with, up to the id of its request; then up to the id for support. */
const firstHeaders =
  encodeStatus(200) +
  encodeField('content-type', 'application/grpc+proto') +
  encodeField('grpc-accept-encoding', acceptedEncodings) +
  encodeFieldHead('x-request-id', idLength);
const traceHead = encodeFieldHead('x-server-trace-id', traceIdLength);
const packedHeader = encodeField('grpc-encoding', 'gzip');
const goodTrailers = encodeField('grpc-status', '0');
/** Where a client's own retry policy may try again, which it may only while it has seen no headers. */
const retriedStatuses: ReadonlySet<string> = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED']);

/** What goes out on the HTTP/2 stream of one call, in the order that the protocol prescribes: headers, messages, trailers. */
export class CallWriter {
  readonly #stream: ServerStream;
  readonly #arrival: CallArrival;
  #headersSent = false;
  #headers: Readonly<Record<string, string>> | null = null;

  constructor(stream: ServerStream, arrival: CallArrival) {
    this.#stream = stream;
    this.#arrival = arrival;
  }

  /** Headers beside those that every answer has; without effect once they are sent. */
  addHeaders(headers: Readonly<Record<string, string>>): void {
    if (!this.#headersSent) this.#headers = headers;
  }

  /** Returns false when the stream is full, or gone. */
  write(frame: Buffer): boolean {
    this.#sendHeaders();
    return this.#stream.write(frame);
  }

  end(): void {
    this.#sendHeaders();
    this.#stream.end(goodTrailers);
  }

  endWithError(error: SamovarError): void {
    const { requestId, clientRequestId } = this.#arrival;
    const trailers = encodeFields(errorTrailers(error, requestId));
    if (!this.#headersSent && retriedStatuses.has(error.entry.grpcStatus)) {
      this.#stream.respond(this.#commonHeaders() + trailers, true);
      return;
    }
    this.#sendHeaders();
    this.#stream.end(
      clientRequestId === null ? trailers : trailers + encodeField('x-client-request-id', clientRequestId),
    );
  }

  #sendHeaders(): void {
    if (this.#headersSent) return;
    this.#headersSent = true;
    const common = this.#commonHeaders();
    this.#stream.respond(this.#headers === null ? common : common + encodeFields(this.#headers), false);
  }

  #commonHeaders(): string {
    const { requestId, clientRequestId, packs } = this.#arrival;
    let headers = firstHeaders + requestId + traceHead + serverTraceId(requestId);
    if (packs) headers += packedHeader;
    if (clientRequestId !== null) headers += encodeField('x-client-request-id', clientRequestId);
    return headers;
  }
}

function encodeFields(headers: Readonly<Record<string, string>>): string {
  let block = '';
  for (const name of Object.keys(headers)) block += encodeField(name, headers[name] ?? '');
  return block;
}
