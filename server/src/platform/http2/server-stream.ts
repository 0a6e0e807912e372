import { ReceiveWindow } from './receive-window.ts';
import type { RequestHead } from './request-head.ts';
import type { NumberedStream } from './stream-table.ts';

/** Who serves a stream. Nothing is told after `closed`. */
export interface StreamListener {
  /** Bytes of the request's body. They lie in the memory of what arrived together. */
  data(bytes: Buffer): void;
  /** The client sends no more. */
  ended(): void;
  /** What `write` was too much for has been sent. */
  drained(): void;
  /** Both sides have ended, or one has reset it, or the connection is gone. Told once. */
  closed(): void;
}

/** What a stream needs of its connection. */
export interface StreamOwner {
  sendHeaders(stream: ServerStream, block: string, endStream: boolean): void;
  /** Returns false when it waits, and too much of it does. */
  sendData(stream: ServerStream, bytes: Buffer): boolean;
  reset(stream: ServerStream, code: number): void;
  close(stream: ServerStream): void;
  /** Bytes of the request that need no room of the stream's window any more. */
  giveRoom(stream: ServerStream, bytes: number): void;
  /** Bytes of the request that keep their room in the stream's window until `giveHeldRoom`. */
  holdRoom(stream: ServerStream, bytes: number): void;
  giveHeldRoom(stream: ServerStream, bytes: number): void;
}

/** One request and its answer (RFC 9113, section 5.1): open until both sides have ended. */
export class ServerStream implements NumberedStream {
  readonly id: number;
  readonly #owner: StreamOwner;
  next: this | null = null;
  listener: StreamListener | null = null;

  /** What may still be sent; below zero when the client has made its windows smaller. */
  sendWindowBytes: number;
  /** Of the answer, what waits for windows or the socket. */
  readonly queue: Buffer[] = [];
  queuedBytes = 0;
  /** Stands in the row of those that could send. */
  ready = false;
  wantsDrain = false;
  #trailers: string | null = null;

  readonly receiveWindow: ReceiveWindow;
  /** Bytes of the request to come, `null` when it was not told. */
  #expectedBytes: number | null;
  #heldBytes = 0;
  #holds = false;

  /** The client sends no more. */
  remoteEnded = false;
  /** The answer has ended, and all of it is sent. */
  localEnded = false;
  isClosed = false;

  constructor(
    { id, bodyBytes }: { readonly id: number } & Pick<RequestHead, 'bodyBytes'>,
    windows: { readonly sendBytes: number; readonly receiveBytes: number },
    owner: StreamOwner,
  ) {
    this.id = id;
    this.#expectedBytes = bodyBytes;
    this.sendWindowBytes = windows.sendBytes;
    this.receiveWindow = new ReceiveWindow(windows.receiveBytes);
    this.#owner = owner;
  }

  /** Whether nothing that is written reaches anybody. */
  get gone(): boolean {
    return this.isClosed || this.localEnded || this.#trailers !== null;
  }

  /** The headers of the answer, encoded; with `endStream` it has nothing else. */
  respond(block: string, endStream: boolean): void {
    if (this.gone) return;
    this.#owner.sendHeaders(this, block, endStream);
    if (endStream) this.#endLocally();
  }

  /** Returns false when the client reads slowly (the listener is told when it has caught up), or is gone. */
  write(bytes: Buffer): boolean {
    return !this.gone && this.#owner.sendData(this, bytes);
  }

  /** Ends the answer with trailers, encoded, once everything is sent. */
  end(trailers: string): void {
    if (this.gone) return;
    this.#trailers = trailers;
    if (this.queuedBytes === 0) this.sendTrailers();
  }

  /** What waits is sent: the trailers may go. Returns false when there are none yet. */
  sendTrailers(): boolean {
    const trailers = this.#trailers;
    if (trailers === null) return false;
    this.#owner.sendHeaders(this, trailers, true);
    this.#endLocally();
    return true;
  }

  /** Ends both sides at once (section 6.4). */
  reset(code: number): void {
    if (!this.isClosed) this.#owner.reset(this, code);
  }

  /** From now on bytes keep their room, so that the client soon stops; those that it may send are told all the same. */
  pause(): void {
    this.#holds = true;
  }

  resume(): void {
    this.#holds = false;
    const held = this.#heldBytes;
    this.#heldBytes = 0;
    if (held > 0) this.#owner.giveHeldRoom(this, held);
  }

  get paused(): boolean {
    return this.#holds;
  }

  /** Takes bytes of the request off the length that was told. False when there are too many, or too few at the end. */
  count(bytes: number, last: boolean): boolean {
    if (this.#expectedBytes === null) return true;
    this.#expectedBytes -= bytes;
    return last ? this.#expectedBytes === 0 : this.#expectedBytes >= 0;
  }

  /** Gives the room of bytes back that have been told, unless they hold it. */
  release(bytes: number): void {
    if (!this.#holds) {
      this.#owner.giveRoom(this, bytes);
      return;
    }
    this.#heldBytes += bytes;
    this.#owner.holdRoom(this, bytes);
  }

  /** What it holds when it closes before it has been resumed. */
  takeHeldBytes(): number {
    const held = this.#heldBytes;
    this.#heldBytes = 0;
    return held;
  }

  #endLocally(): void {
    this.localEnded = true;
    if (this.remoteEnded) this.#owner.close(this);
    // The rest of a request that is answered already is thrown away, so that the client sees the answer.
    else this.resume();
  }
}
