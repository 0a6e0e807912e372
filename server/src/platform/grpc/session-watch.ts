import { constants, type ServerHttp2Session } from 'node:http2';
import type { SharedRoom } from './message-stream.ts';

export interface SessionTimes {
  /** For the first words of the protocol. */
  readonly greetingMs: number;
  /** Between pings of ours. */
  readonly pingMs: number;
  /** For the answer to a ping. */
  readonly pingAnswerMs: number;
  /** For a connection without calls. */
  readonly idleMs: number;
}

/** Pings of a client, between two looks, without anything sent to it: clients measure the way while they receive. */
const mostPings = 200;

/** One connection: whether it still lives, is used, and behaves. */
export class SessionWatch implements SharedRoom {
  readonly session: ServerHttp2Session;
  openCalls = 0;
  /** Of them, those of public methods. */
  backgroundCalls = 0;
  #leftBytes: number;
  /** Pings of the client since something was sent, or since the last look. */
  #pings = 0;
  #greeted = false;
  #answered = true;
  #pingedAt: number;
  #idleSince: number;

  /** `roomBytes`: for its requests that are not whole. */
  constructor(session: ServerHttp2Session, roomBytes: number) {
    this.session = session;
    this.#leftBytes = roomBytes;
    this.#pingedAt = performance.now();
    this.#idleSince = this.#pingedAt;
    session.once('remoteSettings', () => {
      this.#greeted = true;
    });
    session.on('ping', () => {
      this.#pings += 1;
      if (this.#pings > mostPings) this.#end(constants.NGHTTP2_ENHANCE_YOUR_CALM, 'too_many_pings');
    });
  }

  take(bytes: number): boolean {
    this.#leftBytes -= bytes;
    return this.#leftBytes >= 0;
  }

  /** Something is sent: a client that measures its way by pings does so while it receives. */
  sent(): void {
    this.#pings = 0;
  }

  callOpened(background: boolean): void {
    this.openCalls += 1;
    if (background) this.backgroundCalls += 1;
    this.#pings = 0;
  }

  callClosed(background: boolean): void {
    this.openCalls -= 1;
    if (background) this.backgroundCalls -= 1;
    this.#pings = 0;
    this.#idleSince = performance.now();
  }

  /** Pings it, closes it or lets it be. */
  look(now: number, times: SessionTimes): void {
    const { session } = this;
    if (session.destroyed) return;
    this.#pings = 0;
    if (!this.#greeted) {
      if (now - this.#idleSince > times.greetingMs) session.destroy();
      return;
    }
    if (!this.#answered) {
      if (now - this.#pingedAt > times.pingAnswerMs) session.destroy();
      return;
    }
    if (this.openCalls === 0 && now - this.#idleSince > times.idleMs) {
      session.close();
      return;
    }
    if (now - this.#pingedAt <= times.pingMs) return;
    this.#pingedAt = now;
    this.#answered = false;
    session.ping((error) => {
      this.#answered = error === null;
    });
  }

  #end(code: number, reason: string): void {
    this.session.goaway(code, 0, Buffer.from(reason));
    this.session.destroy();
  }
}
