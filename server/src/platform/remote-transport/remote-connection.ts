import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { OutboundAddress, OutboundGuard } from '../../kernel/ports/outbound-guard.ts';
import type { PhaseTimeouts } from '../../kernel/ports/remote-transport.ts';
import { type CallPhase, RemoteCallError, type RemoteRequest } from '../../kernel/ports/remote-transport.ts';
import { type ResponseParts, ResponseReader } from '../worker-transport/response-reader.ts';
import type { RemoteCall } from './remote-call.ts';

/** What the connections to one endpoint share. */
export interface ConnectionParts {
  readonly guard: OutboundGuard;
  readonly host: string;
  readonly port: number;
  /** The `host` that requests name. */
  readonly hostHeader: string;
  readonly timeouts: PhaseTimeouts;
  /** `null`: without TLS. */
  secureContext(): SecureContext | null;
  /** It may take another request. */
  free(connection: RemoteConnection): void;
  closed(connection: RemoteConnection): void;
  /** Sends a call over a new connection: the kept one was closed before it heard of it. False: no more is sent. */
  again(call: RemoteCall): boolean;
}

const longestIdleMs = 30_000;
/** Given up this long before the server does, so that no request meets a closing connection. */
const idleMarginMs = 1000;
const probeMs = 60_000;

/** Every read of every connection lands here and is copied out at once; reads are never nested. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** One kept connection to a foreign server: one request at a time, HTTP/1.1 framed by hand, with TLS or without. */
export class RemoteConnection implements ResponseParts {
  readonly #parts: ConnectionParts;
  #socket: Socket | null = null;
  #reached = false;
  #gone = false;
  /** It has carried a call before. */
  #kept = false;
  /** Something of the present answer has come. */
  #heard = false;
  #failure: Error | null = null;
  #call: RemoteCall | null = null;
  #reader: ResponseReader | null = null;
  #full = false;
  #phase: CallPhase = 'connect';
  /** `performance.now()` at which the phase has lasted too long, and the call. */
  #phaseUntilMs: number;
  #wholeUntilMs = Number.POSITIVE_INFINITY;
  /** `performance.now()` until which it may rest. */
  idleUntilMs = Number.POSITIVE_INFINITY;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#phaseUntilMs = performance.now() + parts.timeouts.connectMs;
    parts.guard.resolve(parts.host, parts.port).then(
      (addresses) => this.#open(addresses),
      (error: unknown) => this.destroy(asError(error)),
    );
  }

  /** Not closed, nor about to be. */
  get usable(): boolean {
    return !this.#gone && this.#socket?.writable === true && this.idleUntilMs > performance.now();
  }

  send(call: RemoteCall): void {
    this.#call = call;
    this.#reader = new ResponseReader(this);
    this.#heard = false;
    call.connection = this;
    this.#wholeUntilMs = performance.now() + this.#parts.timeouts.wholeMs;
    if (this.#reached) this.#enter('first-byte');
    this.#socket?.write(requestText(call.request, this.#parts.hostHeader));
  }

  resume(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#enter('idle');
    this.#socket?.resume();
  }

  destroy(cause?: Error): void {
    if (this.#gone) return;
    this.#failure ??= cause ?? null;
    if (this.#socket === null) this.#closed();
    else this.#socket.destroy();
  }

  /** Ends what lasts too long. */
  checkTime(nowMs: number): void {
    if (this.#reached && this.#call === null) {
      if (this.idleUntilMs <= nowMs) this.destroy();
      return;
    }
    const whole = this.#wholeUntilMs <= nowMs;
    if (!whole && this.#phaseUntilMs > nowMs) return;
    const phase = whole ? 'whole' : this.#phase;
    this.destroy(
      new RemoteCallError(phase, `${phaseWords[phase]} within ${limitOf(phase, this.#parts.timeouts)} ms`),
    );
  }

  // What the reader finds.

  head(status: number, headers: Readonly<Record<string, string>>): void {
    const coding = headers['content-encoding'];
    if (coding !== undefined && coding !== '' && coding !== 'identity')
      throw new RemoteCallError('protocol', `the answer is compressed (${coding}), which was not asked for`);
    this.#enter('idle');
    const call = this.#call;
    if (call !== null && !call.over) call.events.begin(status, headers);
  }

  body(bytes: Buffer): void {
    this.#enter('idle');
    const call = this.#call;
    if (call === null || call.over || call.events.data(bytes)) return;
    this.#full = true;
    // The client is the slow one now.
    this.#phaseUntilMs = Number.POSITIVE_INFINITY;
  }

  #open(addresses: readonly OutboundAddress[]): void {
    if (this.#gone) return;
    const { host, port } = this.#parts;
    const options = {
      host: host.replace(/^\[|\]$/g, ''),
      port,
      lookup: lookupOf(addresses),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: probeMs,
      onread: { buffer: readBuffer, callback: (size: number) => this.#read(size) },
    };
    const secureContext = this.#parts.secureContext();
    const servername = isIP(options.host) === 0 ? { servername: options.host } : {};
    const socket =
      secureContext === null
        ? connect(options)
        : connectTls({ ...options, ...servername, secureContext, ALPNProtocols: ['http/1.1'] });
    this.#socket = socket;
    socket.once(secureContext === null ? 'connect' : 'secureConnect', () => this.#connected());
    socket.on('error', (error) => {
      this.#failure ??= error;
    });
    socket.once('close', () => this.#closed());
    if (this.#call !== null) socket.write(requestText(this.#call.request, this.#parts.hostHeader));
  }

  #enter(phase: 'first-byte' | 'idle'): void {
    this.#phase = phase;
    this.#phaseUntilMs = performance.now() + limitOf(phase, this.#parts.timeouts);
  }

  #connected(): void {
    this.#reached = true;
    if (this.#call !== null) this.#enter('first-byte');
    else this.idleUntilMs = performance.now() + longestIdleMs;
  }

  /** Returns false to read no more until `resume`. */
  #read(size: number): boolean {
    const reader = this.#reader;
    if (reader === null) {
      // Nothing was asked: whatever it says, this connection cannot be trusted with a request.
      this.destroy();
      return false;
    }
    this.#heard = true;
    try {
      reader.push(readBuffer.subarray(0, size));
    } catch (thrown) {
      const { message } = asError(thrown);
      this.destroy(
        thrown instanceof RemoteCallError
          ? thrown
          : new RemoteCallError('protocol', message, { cause: thrown }),
      );
      return false;
    }
    if (reader.complete) this.#complete(reader);
    return !this.#full;
  }

  #complete(reader: ResponseReader): void {
    const call = this.#call;
    const socket = this.#socket;
    this.#call = null;
    this.#reader = null;
    this.#full = false;
    this.#kept = true;
    this.#wholeUntilMs = Number.POSITIVE_INFINITY;
    // An answer that came before its question was sent leaves the rest of the question on the way.
    if (reader.keepsOpen && socket !== null && !socket.destroyed && socket.writableLength === 0) {
      const seconds = reader.keepAliveSeconds;
      const restMs = seconds === null ? longestIdleMs : seconds * 1000 - idleMarginMs;
      this.idleUntilMs = performance.now() + Math.min(longestIdleMs, restMs);
      this.#parts.free(this);
    } else socket?.destroy();
    if (call === null || call.over) return;
    call.over = true;
    call.events.ended();
  }

  #closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    const reader = this.#reader;
    if (reader !== null && this.#failure === null && reader.end()) this.#complete(reader);
    const call = this.#call;
    this.#call = null;
    const isPending = call !== null && !call.over;
    // Before this one leaves: a pool that closes must not seem empty meanwhile.
    const goesOn =
      isPending &&
      this.#kept &&
      !this.#heard &&
      !(this.#failure instanceof RemoteCallError) &&
      this.#parts.again(call);
    this.#parts.closed(this);
    if (!isPending || goesOn) return;
    call.over = true;
    const cause = this.#failure ?? new Error('the server closed the connection');
    if (this.#reached) call.events.lost(cause);
    else call.events.unreachable(cause);
  }
}

const phaseWords: Readonly<Record<CallPhase, string>> = {
  connect: 'no connection',
  'first-byte': 'no answer',
  idle: 'nothing more of the answer',
  whole: 'the answer did not end',
};

function limitOf(phase: CallPhase, timeouts: PhaseTimeouts): number {
  if (phase === 'connect') return timeouts.connectMs;
  if (phase === 'first-byte') return timeouts.firstByteMs;
  return phase === 'idle' ? timeouts.idleMs : timeouts.wholeMs;
}

/** Tells the addresses that were checked, whatever the resolver would say now. */
function lookupOf(addresses: readonly OutboundAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses;
    if (options.all) callback(null, [...addresses]);
    else if (first) callback(null, first.address, first.family);
    else callback(new Error('the name has no address'), '', 4);
  };
}

/** One text for head and body: one write. Names, values and paths were checked when the connection was declared. */
function requestText({ method, path, headers, body }: RemoteRequest, host: string): string {
  let text = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\naccept-encoding: identity\r\nuser-agent: samovar\r\n`;
  for (let index = 0; index < headers.length; index += 2)
    text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  if (method === 'GET') return `${text}\r\n`;
  return `${text}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
