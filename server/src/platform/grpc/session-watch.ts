import type { MemoryHolder, MemoryOfAll } from '../http/memory-of-all.ts';
import type { ConnectionListener, Http2Connection } from '../http2/connection.ts';
import { errorCode } from '../http2/protocol.ts';
import type { RequestHead } from '../http2/request-head.ts';
import type { ServerStream } from '../http2/server-stream.ts';
import type { CallPeer } from './grpc-call.ts';
import type { SharedRoom } from './message-stream.ts';
import { Turns } from './turns.ts';

export interface SessionTimes {
  /** For the first words of the protocol. */
  readonly greetingMs: number;
  /** Between pings of ours. */
  readonly pingMs: number;
  /** For the answer to a ping. */
  readonly pingAnswerMs: number;
  /** For a connection without calls. */
  readonly idleMs: number;
  /** For a client that takes nothing of what waits for it. */
  readonly stallMs: number;
}

/** Who has all connections. */
export interface SessionOwner {
  serve(watch: SessionWatch, stream: ServerStream, head: RequestHead): void;
  closed(watch: SessionWatch, fault: Error | null): void;
}

/** Pings of a client, between two looks, while nothing is sent to it: clients measure the way while they receive. */
const mostPings = 200;
/** As many as may be on their way in the largest size. */
const unpackedAtOnce = 4;

/** One connection: whether it still lives, is used, and behaves. */
export class SessionWatch implements ConnectionListener, SharedRoom, CallPeer, MemoryHolder {
  readonly connection: Http2Connection;
  readonly #owner: SessionOwner;
  readonly unpacking = new Turns(unpackedAtOnce);
  openCalls = 0;
  /** Of them, those of public methods. */
  backgroundCalls = 0;
  readonly #memoryOfAll: MemoryOfAll;
  readonly #roomBytes: number;
  #takenBytes = 0;
  /** Pings of the client since something was sent, or since the last look. */
  #pings = 0;
  /** The last of our pings has been, or the client has sent something else since. */
  #answered = true;
  #pingedAt: number;
  /** What the client had sent by then. */
  #readAtPing = 0;
  #idleSince: number;

  /** `roomBytes`: for its requests that are not whole. */
  constructor(connection: Http2Connection, roomBytes: number, memoryOfAll: MemoryOfAll, owner: SessionOwner) {
    this.connection = connection;
    this.#owner = owner;
    this.#roomBytes = roomBytes;
    this.#memoryOfAll = memoryOfAll;
    this.#pingedAt = performance.now();
    this.#idleSince = this.#pingedAt;
  }

  opened(stream: ServerStream, head: RequestHead): void {
    this.#owner.serve(this, stream, head);
  }

  pinged(): void {
    this.#pings = this.connection.hasWaiting ? 0 : this.#pings + 1;
    if (this.#pings > mostPings) this.connection.fail(errorCode.enhanceYourCalm, 'too_many_pings');
  }

  ponged(): void {
    this.#answered = true;
  }

  closed(fault: Error | null): void {
    this.#owner.closed(this, fault);
  }

  take(bytes: number): boolean {
    this.#takenBytes += bytes;
    const isWithinAll = this.#memoryOfAll.take(bytes);
    return isWithinAll && this.#takenBytes <= this.#roomBytes;
  }

  get heldBytes(): number {
    return this.#takenBytes + this.connection.unfetchedBytes;
  }

  endAsLargest(): void {
    this.connection.fail(errorCode.enhanceYourCalm, 'too_much_memory');
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
    if (this.openCalls === 0) this.#idleSince = performance.now();
  }

  /** Pings it, closes it or lets it be. */
  look(now: number, times: SessionTimes): void {
    const { connection } = this;
    this.#pings = 0;
    // An answer may wait behind much else, either way; who sends that is there.
    if (connection.readBytes > this.#readAtPing) this.#answered = true;
    const overdue =
      (!connection.greeted && now - this.#idleSince > times.greetingMs) ||
      (!this.#answered && now - this.#pingedAt > times.pingAnswerMs) ||
      (connection.stuckSince !== null && now - connection.stuckSince > times.stallMs);
    if (overdue) {
      connection.destroy(null);
      return;
    }
    if (!connection.greeted || !this.#answered) return;
    if (this.openCalls === 0 && now - this.#idleSince > times.idleMs) {
      connection.close();
      return;
    }
    if (now - this.#pingedAt <= times.pingMs) return;
    this.#pingedAt = now;
    this.#readAtPing = connection.readBytes;
    this.#answered = false;
    connection.ping();
  }
}
