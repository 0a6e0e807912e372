import { connect, type Socket } from 'node:net';
import type { TransportRequest } from '../../kernel/ports/worker-transport.ts';
import type { CallConnection, HttpCall } from './http-call.ts';
import { type ResponseParts, ResponseReader } from './response-reader.ts';
import type { WorkerEndpoint } from './worker-endpoint.ts';

/** Who keeps the connections to a worker. */
export interface ConnectionOwner {
  /** It may take another request. */
  free(connection: WorkerConnection): void;
  closed(connection: WorkerConnection): void;
}

const connectMs = 5000;
const longestIdleMs = 30_000;
/** Given up this long before the worker does, so that no request meets a closing connection. */
const idleMarginMs = 1000;

/**
 * Every read of every connection lands here and is copied out at once: a connection that waits needs no memory of its
 * own. Reads are never nested, and what they report is called before the next one begins.
 */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** One kept connection: one request at a time, in HTTP/1.1 framed by hand over the bare socket. */
export class WorkerConnection implements CallConnection, ResponseParts {
  readonly #owner: ConnectionOwner;
  readonly #host: string;
  readonly #socket: Socket;
  #connectTimer: NodeJS.Timeout | null;
  #failure: Error | null = null;
  #call: HttpCall | null = null;
  #reader: ResponseReader | null = null;
  #full = false;
  /** `performance.now()` until which it may rest. */
  idleUntilMs = Number.POSITIVE_INFINITY;

  constructor(endpoint: WorkerEndpoint, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#host = endpoint.host;
    this.#socket = connect({
      ...endpoint.connect,
      onread: { buffer: readBuffer, callback: (size) => this.#read(size) },
    });
    this.#connectTimer = setTimeout(
      () => this.#socket.destroy(new Error(`no connection within ${connectMs} ms`)),
      connectMs,
    );
    this.#socket.once('connect', () => this.#connected());
    this.#socket.on('error', (error) => {
      this.#failure = error;
    });
    this.#socket.once('close', () => this.#closed());
  }

  /** Not closed, nor about to be. */
  get usable(): boolean {
    return this.#socket.writable && this.idleUntilMs > performance.now();
  }

  send(call: HttpCall): void {
    this.#call = call;
    this.#reader = new ResponseReader(this);
    call.connection = this;
    this.#socket.write(requestText(call.request, this.#host));
  }

  resume(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // What the reader finds.

  head(status: number, headers: Readonly<Record<string, string>>): void {
    const call = this.#call;
    if (call !== null && !call.over) call.events.begin(status, headers);
  }

  body(bytes: Buffer): void {
    const call = this.#call;
    if (call !== null && !call.over && !call.events.data(bytes)) this.#full = true;
  }

  /** Returns false to read no more until `resume`. */
  #read(size: number): boolean {
    const reader = this.#reader;
    if (reader === null) {
      // Nothing was asked: whatever it says, this connection cannot be trusted with a request.
      this.#socket.destroy();
      return false;
    }
    try {
      reader.push(readBuffer.subarray(0, size));
    } catch (thrown) {
      this.#socket.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
      return false;
    }
    if (reader.complete) this.#complete(reader);
    return !this.#full;
  }

  #complete(reader: ResponseReader): void {
    const call = this.#call;
    this.#call = null;
    this.#reader = null;
    this.#full = false;
    if (reader.keepsOpen && !this.#socket.destroyed) {
      const seconds = reader.keepAliveSeconds;
      const restMs = seconds === null ? longestIdleMs : seconds * 1000 - idleMarginMs;
      this.idleUntilMs = performance.now() + Math.min(longestIdleMs, restMs);
      this.#owner.free(this);
    } else this.#socket.destroy();
    if (call === null || call.over) return;
    call.over = true;
    call.events.ended();
  }

  #connected(): void {
    if (this.#connectTimer !== null) clearTimeout(this.#connectTimer);
    this.#connectTimer = null;
  }

  #closed(): void {
    const reached = this.#connectTimer === null;
    this.#connected();
    const reader = this.#reader;
    if (reader !== null && this.#failure === null && reader.end()) this.#complete(reader);
    const call = this.#call;
    this.#call = null;
    this.#owner.closed(this);
    if (call === null || call.over) return;
    call.over = true;
    const cause = this.#failure ?? new Error('the worker closed the connection');
    if (reached) call.events.lost(cause);
    else call.events.unreachable(cause);
  }
}

/** One text for head and body: one write. Names, values and paths are ours and need no escaping. */
function requestText({ path, headers, body }: TransportRequest, host: string): string {
  let text = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\n`;
  for (let index = 0; index < headers.length; index += 2)
    text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return `${text}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
