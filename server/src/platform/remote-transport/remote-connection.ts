import type { Socket } from 'node:net';
import {
  type CallPhase,
  type PhaseTimeouts,
  RemoteCallError,
  type RemoteRequest,
} from '../../kernel/ports/remote-transport.ts';
import type { HttpCall } from '../worker-transport/http-call.ts';
import { type ResponseParts, ResponseReader } from '../worker-transport/response-reader.ts';
import { type OpenedSocket, openSocket, type SocketReader, type SocketTarget } from './open-socket.ts';
import { type RequestFrame, requestText } from './request-text.ts';

export type RemoteCall = HttpCall<RemoteRequest>;

/** What the connections to one endpoint share. */
export interface ConnectionParts extends SocketTarget, RequestFrame {
  readonly timeouts: PhaseTimeouts;
  /** It may take another request. */
  free(connection: RemoteConnection): void;
  closed(connection: RemoteConnection): void;
  /** Sends a call over a new connection: the kept one was closed before it heard of it. False: no more is sent. */
  again(call: RemoteCall): boolean;
}

const longestIdleMs = 30_000;
/** Given up this long before the server does, so that no request meets a closing connection. */
const idleMarginMs = 1000;

/** One kept connection to a foreign server: one request at a time, HTTP/1.1 framed by hand, with TLS or without. */
export class RemoteConnection implements ResponseParts {
  readonly #parts: ConnectionParts;
  #socket: Socket | null = null;
  /** What the socket will lead through. */
  #tunnel: Socket | null = null;
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
    const reader: SocketReader = {
      read: (bytes) => this.#read(bytes),
      hold: (socket) => this.#hold(socket),
    };
    openSocket(parts, reader).then(
      (opened) => this.#use(opened),
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
    this.#socket?.write(requestText(call.request, this.#parts));
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
    if (this.#socket !== null) this.#socket.destroy();
    else {
      this.#tunnel?.destroy();
      this.#closed();
    }
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

  #hold(tunnel: Socket): void {
    tunnel.on('error', (error) => {
      this.#failure ??= error;
    });
    if (this.#gone) tunnel.destroy();
    else this.#tunnel = tunnel;
  }

  #use({ socket, ready }: OpenedSocket): void {
    socket.on('error', (error) => {
      this.#failure ??= error;
    });
    if (this.#gone) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    socket.once(ready, () => this.#connected());
    socket.once('close', () => this.#closed());
    if (this.#call !== null) socket.write(requestText(this.#call.request, this.#parts));
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
  #read(bytes: Buffer): boolean {
    const reader = this.#reader;
    if (reader === null) {
      // Nothing was asked: whatever it says, this connection cannot be trusted with a request.
      this.destroy();
      return false;
    }
    this.#heard = true;
    try {
      reader.push(bytes);
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

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
