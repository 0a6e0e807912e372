import type { Socket } from 'node:net';
import type { MemoryHolder, MemoryOfAll } from '../memory-of-all.ts';
import type { OpenRequests } from '../open-requests.ts';
import { RequestRoom } from '../request-room.ts';
import { type AnswerLine, FastAnswer } from './fast-answer.ts';
import type { FastRequest } from './fast-request.ts';
import { type PlainHead, readPlainHead } from './request-head.ts';

/** What a connection needs of the lane that it belongs to. */
export interface ConnectionOwner extends Pick<AnswerLine, 'writeHead'> {
  readonly draining: boolean;
  /** Counts the beats of the lane's one timer: times are told by it, coarsely and without a clock. */
  readonly beat: number;
  readonly stallMs: number;
  /** The request of a head, `null` when it is not for this lane or will be refused. */
  accept(head: PlainHead, answer: FastAnswer): FastRequest | null;
  readonly requests: OpenRequests;
  readonly memory: MemoryOfAll;
  /** Gives the connection to the full parser, with bytes of it that nobody has seen. */
  handOver(connection: FastConnection, unseen: Buffer): void;
  closed(connection: FastConnection): void;
}

const headEnd = Buffer.from('\r\n\r\n');
/** A longer head is read by the full parser. */
const headLimitBytes = 8 * 1024;
/** What may wait behind a request before the connection is read no further. */
const waitingLimitBytes = 64 * 1024;
const nothing = Buffer.alloc(0);

/**
 * One client connection: plain requests, one after the other. As long as a request is not whole nothing has been done
 * for it, so that the connection can be handed over with every byte at any moment until then.
 */
export class FastConnection implements AnswerLine, MemoryHolder {
  readonly socket: Socket;
  readonly #owner: ConnectionOwner;
  #request: FastRequest | null = null;
  #answer: FastAnswer | null = null;
  /** Bytes of the request that is being read, its head included; behind a whole one, what waits for its end. */
  #parts: Buffer[] = [];
  #partsBytes = 0;
  /** Of a request that does not come in one piece. */
  #room: RequestRoom | null = null;
  /** Length of head and body. */
  #wantedBytes = 0;
  #headBytes = 0;
  #whole = false;
  #paused = false;
  #stallTimer = false;
  /** Has answered before. */
  used = false;
  /** The beat at which the connection began to rest, or its request to be read. */
  sinceBeat: number;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.socket = socket;
    this.#owner = owner;
    this.sinceBeat = owner.beat;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('timeout', this.#onTimeout);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** No request is being read or answered. */
  get resting(): boolean {
    return this.#request === null;
  }

  /** A request has begun to arrive and is not whole. */
  get reading(): boolean {
    return this.#request !== null && !this.#whole;
  }

  get heldBytes(): number {
    return (this.#room?.takenBytes ?? 0) + this.socket.writableLength;
  }

  endAsLargest(): void {
    this.socket.destroy();
  }

  /** Gives up reading the request that has begun: the full parser knows what to do with slow ones. */
  giveUpReading(): void {
    const request = this.#request;
    if (request === null || this.#whole) return;
    this.#request = null;
    this.#answer = null;
    this.#room?.giveBack();
    this.#owner.requests.ended();
    this.#handOver();
  }

  /** Takes this connection's ears off the socket, which then belongs to somebody else. */
  release(): void {
    const { socket } = this;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.off('timeout', this.#onTimeout);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    socket.setTimeout(0);
  }

  // What an answer does.

  get writeHead() {
    return this.#owner.writeHead;
  }

  get gone(): boolean {
    return this.socket.destroyed || this.socket.writableEnded;
  }

  get closing(): boolean {
    return this.#owner.draining;
  }

  send(data: string | Buffer): boolean {
    const more = typeof data === 'string' ? this.socket.write(data, 'latin1') : this.socket.write(data);
    this.#watchStall();
    return more;
  }

  sendBoth(head: string, body: Buffer): void {
    this.socket.cork();
    this.socket.write(head, 'latin1');
    this.socket.write(body);
    this.socket.uncork();
    this.#watchStall();
  }

  answered(): void {
    // Bytes that the client has not fetched are still ours: a stop waits for them.
    if (this.socket.writableLength === 0) this.#next();
    else this.socket.write('', () => this.#next());
  }

  cut(): void {
    this.socket.destroy();
  }

  // What the socket reports.

  readonly #onData = (chunk: Buffer): void => {
    if (this.#request !== null && !this.#whole) this.#readOn(chunk);
    else if (this.#request === null && this.#partsBytes === 0) this.#readHead(chunk);
    else this.#wait(chunk);
  };

  readonly #onEnd = (): void => {
    // As a half-closed connection is treated by the full parser: nothing more is sent on it.
    this.socket.end();
    if (this.#request === null || !this.#whole) this.socket.destroy();
  };

  readonly #onDrain = (): void => {
    this.#answer?.drained();
  };

  readonly #onTimeout = (): void => {
    // Silence is fine while a model thinks; bytes that nobody fetches are not.
    if (this.socket.writableLength > 0) this.socket.destroy();
    else {
      this.#stallTimer = false;
      this.socket.setTimeout(0);
    }
  };

  readonly #onError = (): void => {
    this.socket.destroy();
  };

  readonly #onClose = (): void => {
    const request = this.#request;
    this.#request = null;
    this.#room?.giveBack();
    this.#owner.closed(this);
    if (request === null) return;
    this.#owner.requests.ended();
    if (this.#whole) this.#answer?.left();
    else request.brokeOff();
  };

  #readHead(chunk: Buffer): void {
    const end = chunk.indexOf(headEnd);
    const head =
      end === -1 || end > headLimitBytes || this.#owner.draining
        ? null
        : readPlainHead(chunk.toString('latin1', 0, end + 2));
    const answer = new FastAnswer(this);
    const request = head === null ? null : this.#owner.accept(head, answer);
    if (head === null || request === null) {
      this.#keep(chunk);
      this.#handOver();
      return;
    }
    this.#request = request;
    this.#answer = answer;
    this.#whole = false;
    this.sinceBeat = this.#owner.beat;
    this.#headBytes = end + headEnd.length;
    this.#wantedBytes = this.#headBytes + head.bodyBytes;
    this.#owner.requests.opened();
    this.#readOn(chunk);
  }

  #readOn(chunk: Buffer): void {
    if (this.#partsBytes + chunk.length < this.#wantedBytes) {
      this.#keep(chunk);
      this.#room ??= new RequestRoom(this.#owner.memory);
      // The full parser refuses it.
      if (!this.#room.hold(this.#partsBytes)) this.giveUpReading();
      return;
    }
    let bytes = chunk;
    if (this.#partsBytes > 0) {
      this.#keep(chunk);
      bytes = this.#takeParts();
    }
    if (bytes.length > this.#wantedBytes) this.#wait(bytes.subarray(this.#wantedBytes));
    this.#whole = true;
    this.#request?.serve(bytes.subarray(this.#headBytes, this.#wantedBytes));
  }

  /** What a client sends before it has its answer. */
  #wait(chunk: Buffer): void {
    this.#keep(chunk);
    if (this.#partsBytes <= waitingLimitBytes || this.#paused) return;
    this.#paused = true;
    this.socket.pause();
  }

  #keep(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#partsBytes += chunk.length;
  }

  #takeParts(): Buffer {
    const [first = nothing] = this.#parts;
    const all = this.#parts.length <= 1 ? first : Buffer.concat(this.#parts, this.#partsBytes);
    this.#parts = [];
    this.#partsBytes = 0;
    return all;
  }

  #handOver(): void {
    this.#owner.handOver(this, this.#takeParts());
  }

  /** The answer is out: the connection rests, or goes to the full parser with what came meanwhile. */
  #next(): void {
    if (this.#request === null) return;
    this.#request = null;
    this.#answer = null;
    this.#room?.giveBack();
    this.used = true;
    this.sinceBeat = this.#owner.beat;
    this.#owner.requests.ended();
    if (this.gone) return;
    if (this.#owner.draining) this.socket.destroySoon();
    else if (this.#partsBytes > 0) this.#handOver();
  }

  #watchStall(): void {
    if (this.#stallTimer || this.socket.writableLength === 0) return;
    this.#stallTimer = true;
    this.socket.setTimeout(this.#owner.stallMs);
  }
}
