import type { FloodGuard } from './flood-guard.ts';
import type { FrameWriter } from './frame-writer.ts';
import { errorCode } from './protocol.ts';
import { ConnectionFault } from './protocol-faults.ts';
import { ReceiveWindow } from './receive-window.ts';
import { RecentIds } from './recent-ids.ts';
import type { RequestHead } from './request-head.ts';
import type { Sender } from './sender.ts';
import { ServerStream, type StreamOwner } from './server-stream.ts';
import { StreamTable } from './stream-table.ts';

export interface StreamLimits {
  readonly concurrentStreams: number;
  /** What a client may send ahead, of one stream and of all. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Of requests that are paused, together: a stream that holds more is reset. */
  readonly heldBytes: number;
  /** Of answers that the client does not fetch; beyond it no stream is opened. */
  readonly unfetchedBytes: number;
}

export interface StreamSetParts {
  readonly writer: FrameWriter;
  readonly sender: Sender;
  readonly guard: FloodGuard;
  readonly limits: StreamLimits;
  /** A request begins, whose stream is given its listener by then. */
  open(stream: ServerStream, head: RequestHead): void;
  /** A stream has closed. */
  closed(): void;
}

/** The streams of one connection: their opening and closing, and the room for what clients send on them. */
export class StreamSet implements StreamOwner {
  readonly #parts: StreamSetParts;
  readonly #open = new StreamTable<ServerStream>();
  readonly #room: ReceiveWindow;
  #heldBytes = 0;
  readonly #closedIds = new RecentIds();
  /** What the client had sent by then still comes. */
  readonly #resetIds = new RecentIds();
  /** The highest that a client has opened: those above are idle, those below open or closed (section 5.1.1). */
  lastId = 0;

  constructor(parts: StreamSetParts) {
    this.#parts = parts;
    this.#room = new ReceiveWindow(parts.limits.connectionWindowBytes);
  }

  get size(): number {
    return this.#open.size;
  }

  get(id: number): ServerStream | null {
    return this.#open.get(id);
  }

  toArray(): ServerStream[] {
    return this.#open.toArray();
  }

  /** No frame but HEADERS and PRIORITY may come on it. */
  isIdle(id: number): boolean {
    return id > this.lastId || id % 2 === 0;
  }

  /** Whether a stream that has lately been closed was reset by us. */
  wasResetByUs(id: number): boolean {
    return this.#resetIds.has(id);
  }

  /** Whether a stream was open until lately: one below the last may also never have been. */
  wasOpen(id: number): boolean {
    return this.#closedIds.has(id);
  }

  /** A client opens a stream (RFC 9113, section 5.1). `sendBytes` is the window that it gives. */
  begin(id: number, head: RequestHead, endStream: boolean, sendBytes: number): void {
    const { limits, sender, guard } = this.#parts;
    guard.streamOpened();
    if (this.#open.size >= limits.concurrentStreams) {
      this.refuse(id, errorCode.refusedStream);
      return;
    }
    if (sender.queuedBytes > limits.unfetchedBytes) {
      this.refuse(id, errorCode.enhanceYourCalm);
      return;
    }
    const windows = { sendBytes, receiveBytes: limits.streamWindowBytes };
    const stream = new ServerStream({ id, bodyBytes: head.bodyBytes }, windows, this);
    stream.remoteEnded = endStream;
    if (endStream && !stream.count(0, true)) {
      this.refuse(id, errorCode.protocolError);
      return;
    }
    this.#open.add(stream);
    this.#parts.open(stream, head);
    if (endStream) stream.listener?.ended();
  }

  /** Ends a stream that never opened, or that the client misused: as costly for us as one that it resets. */
  refuse(id: number, code: number): void {
    this.#parts.guard.reset();
    const stream = this.#open.get(id);
    if (stream !== null) stream.reset(code);
    else this.#writeReset(id, code);
  }

  /** The client sends no more on this stream. */
  endRemote(stream: ServerStream): void {
    stream.remoteEnded = true;
    if (stream.localEnded) this.close(stream);
    else if (!stream.gone) stream.listener?.ended();
  }

  /**
   * Bytes came. Their room of the connection is given back at once, also when their stream keeps its own: none that is
   * paused keeps others from sending.
   */
  takeRoom(bytes: number): void {
    if (!this.#room.take(bytes))
      throw new ConnectionFault(errorCode.flowControlError, 'more data than the connection has room for');
    const more = this.#room.give(bytes);
    if (more > 0) this.#parts.writer.windowUpdate(0, more);
  }

  giveRoom(stream: ServerStream, bytes: number): void {
    if (stream.remoteEnded || stream.isClosed) return;
    const more = stream.receiveWindow.give(bytes);
    if (more > 0) this.#parts.writer.windowUpdate(stream.id, more);
  }

  holdRoom(stream: ServerStream, bytes: number): void {
    this.#heldBytes += bytes;
    if (this.#heldBytes > this.#parts.limits.heldBytes) this.refuse(stream.id, errorCode.enhanceYourCalm);
  }

  giveHeldRoom(stream: ServerStream, bytes: number): void {
    this.#heldBytes -= bytes;
    this.giveRoom(stream, bytes);
  }

  sendHeaders(stream: ServerStream, block: string, endStream: boolean): void {
    this.#parts.writer.headers(stream.id, block, endStream);
  }

  sendData(stream: ServerStream, bytes: Buffer): boolean {
    return this.#parts.sender.send(stream, bytes);
  }

  reset(stream: ServerStream, code: number): void {
    this.#writeReset(stream.id, code);
    this.close(stream);
  }

  close(stream: ServerStream): void {
    if (stream.isClosed) return;
    stream.isClosed = true;
    this.#open.delete(stream);
    this.#closedIds.add(stream.id);
    this.#parts.sender.forget(stream);
    this.#heldBytes -= stream.takeHeldBytes();
    const { listener } = stream;
    stream.listener = null;
    listener?.closed();
    this.#parts.closed();
  }

  #writeReset(id: number, code: number): void {
    this.#resetIds.add(id);
    this.#parts.writer.reset(id, code);
  }
}
