import type { Socket } from 'node:net';
import { FloodGuard } from './flood-guard.ts';
import { FrameParser } from './frame-parser.ts';
import { FrameTaker } from './frame-taker.ts';
import { FrameWriter } from './frame-writer.ts';
import { HeaderBlocks } from './header-blocks.ts';
import { Outbox } from './outbox.ts';
import type { PagePool } from './page-pool.ts';
import { clientPreface, errorCode, largestStreamId, setting, usualWindowBytes } from './protocol.ts';
import { ConnectionFault, protocolError } from './protocol-faults.ts';
import type { RequestHead } from './request-head.ts';
import { Sender } from './sender.ts';
import type { ServerStream } from './server-stream.ts';
import { type StreamLimits, StreamSet } from './stream-set.ts';

/** Who serves the requests of a connection. */
export interface ConnectionListener {
  /** A request begins; its stream is to be given a listener. */
  opened(stream: ServerStream, head: RequestHead): void;
  /** The client has sent a ping, which is answered. */
  pinged(): void;
  /** The client has answered a ping. */
  ponged(): void;
  /** Told once, last; `fault` is what ended it, `null` when nothing was wrong. */
  closed(fault: Error | null): void;
}

export interface ConnectionLimits extends StreamLimits {
  /** Of the headers of a request, as sent and as they count (RFC 9113, section 6.5.2). */
  readonly headerListBytes: number;
}

/** The client has got so much to fetch beside data that it is read no further. */
const unsentLimitBytes = 1024 * 1024;
/** Between the farewell and the end of the connection, for a client that says nothing. */
const lingerMs = 1000;
const ownPing = Buffer.from('samovar.', 'latin1');

/** The server's side of one HTTP/2 connection (RFC 9113). */
export class Http2Connection {
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #writer: FrameWriter;
  readonly #streams: StreamSet;
  readonly #sender: Sender;
  readonly #taker: FrameTaker;
  readonly #parser: FrameParser;
  readonly #guard = new FloodGuard();
  #listener: ConnectionListener | null = null;
  /** Of what has come, what is read when others have had their turn. */
  #rest: Buffer | null = null;
  /** The client has too much to fetch to be read. */
  #heldBack = false;
  #prefaceBytes = 0;
  /** Takes no new streams once those that are open have ended. */
  #closing = false;
  /** Has said farewell: what comes is thrown away. */
  #ended = false;
  #fault: Error | null = null;

  constructor(socket: Socket, limits: ConnectionLimits, pages: PagePool) {
    this.#socket = socket;
    const guard = this.#guard;
    const outbox = new Outbox(socket, pages);
    const writer = new FrameWriter(outbox);
    const sender = new Sender(writer, outbox, guard);
    const streams = new StreamSet({
      writer,
      sender,
      guard,
      limits,
      open: (stream, head) => this.#listener?.opened(stream, head),
      closed: () => this.#streamClosed(),
    });
    this.#taker = new FrameTaker({
      blocks: new HeaderBlocks(limits.headerListBytes),
      streams,
      sender,
      writer,
      guard,
      pinged: () => this.#listener?.pinged(),
      ponged: () => this.#listener?.ponged(),
    });
    this.#parser = new FrameParser((frame) => {
      this.#taker.take(frame);
      return !this.#ended && !guard.turnIsOver;
    });
    this.#outbox = outbox;
    this.#writer = writer;
    this.#sender = sender;
    this.#streams = streams;
    this.#greet(limits);
  }

  /** Begins to serve. */
  listen(listener: ConnectionListener): void {
    this.#listener = listener;
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.destroy(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy(null));
    if (socket.destroyed) this.destroy(null);
  }

  /** The client has begun as the protocol wants it. */
  get greeted(): boolean {
    return this.#taker.greeted;
  }

  /** `performance.now()` since when the client fetches nothing of what is on its way. */
  get stuckSince(): number | null {
    return this.#outbox.stuckSince;
  }

  /** Something that is to be sent waits for the client's windows, or for the socket. */
  get hasWaiting(): boolean {
    return this.#sender.queuedBytes > 0;
  }

  /** Of answers, what the client has not fetched, in bytes. */
  get unfetchedBytes(): number {
    return this.#sender.queuedBytes + this.#outbox.unsentBytes;
  }

  /** What the client has sent, in bytes. */
  get readBytes(): number {
    return this.#socket.bytesRead;
  }

  /** Asks the client whether it is still there. */
  ping(): void {
    if (!this.#ended) this.#writer.ping(ownPing);
  }

  /** Tells the client to open its next streams elsewhere, lets those that are open end, then closes (section 6.8). */
  close(): void {
    if (this.#closing || this.#ended) return;
    this.#closing = true;
    if (this.#streams.size === 0) this.#end(errorCode.noError, '');
    // What the client opens until it hears of this is still served.
    else this.#writer.goaway(largestStreamId, errorCode.noError, '');
  }

  /**
   * Ends everything now, for what the client does (section 5.4.1). After a farewell nothing more can be said: the client
   * loses what it has not fetched.
   */
  fail(code: number, reason: string): void {
    if (this.#ended) this.destroy(null);
    else this.#failWith(new ConnectionFault(code, reason));
  }

  /** Ends everything now, without a word. */
  destroy(fault: Error | null): void {
    this.#ended = true;
    this.#fault ??= fault;
    this.#socket.destroy();
    this.#closeStreams();
    const listener = this.#listener;
    this.#listener = null;
    listener?.closed(this.#fault);
  }

  /** Our preface (section 3.4), and the room of the connection, which only a frame of its own can widen. */
  #greet(limits: ConnectionLimits): void {
    this.#writer.settings([
      [setting.maxConcurrentStreams, limits.concurrentStreams],
      [setting.initialWindowSize, limits.streamWindowBytes],
      [setting.maxHeaderListSize, limits.headerListBytes],
    ]);
    this.#writer.windowUpdate(0, limits.connectionWindowBytes - usualWindowBytes);
  }

  #read(chunk: Buffer): void {
    if (this.#ended) return;
    this.#guard.newTurn();
    try {
      const rest = this.#prefaceBytes < clientPreface.length ? this.#readPreface(chunk) : chunk;
      const end = rest === null ? 0 : this.#parser.push(rest);
      if (rest !== null && this.#guard.turnIsOver) this.#rest = rest.subarray(end);
    } catch (thrown) {
      this.#failWith(thrown);
    }
    if (this.#ended) return;
    if (this.#outbox.unsentBytes > unsentLimitBytes) this.#holdBack();
    if (this.#rest !== null) {
      this.#socket.pause();
      setImmediate(readOn, this);
    }
  }

  /** Others have had their turn. */
  readOn(): void {
    const rest = this.#rest;
    this.#rest = null;
    if (this.#ended || rest === null) return;
    this.#read(rest);
    this.#resume();
  }

  /** What follows the preface, `null` when nothing does yet. */
  #readPreface(chunk: Buffer): Buffer | null {
    const size = Math.min(chunk.length, clientPreface.length - this.#prefaceBytes);
    const right = clientPreface.compare(chunk, 0, size, this.#prefaceBytes, this.#prefaceBytes + size) === 0;
    if (!right) throw protocolError('no HTTP/2');
    this.#prefaceBytes += size;
    return size < chunk.length ? chunk.subarray(size) : null;
  }

  /** Reads no more until what waits has been fetched. */
  #holdBack(): void {
    this.#outbox.flush();
    if (!this.#outbox.full || this.#ended) return;
    this.#heldBack = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (this.#rest === null && !this.#heldBack && !this.#ended) this.#socket.resume();
  }

  #drained(): void {
    this.#outbox.stuckSince = null;
    if (this.#ended) return;
    this.#outbox.flush();
    try {
      this.#sender.sendWaiting();
    } catch (thrown) {
      this.#failWith(thrown);
    }
    if (this.#outbox.unsentBytes > unsentLimitBytes) return;
    this.#heldBack = false;
    this.#resume();
  }

  #streamClosed(): void {
    if (this.#closing && !this.#ended && this.#streams.size === 0) this.#end(errorCode.noError, '');
  }

  #failWith(thrown: unknown): void {
    if (this.#ended) return;
    this.#fault = thrown instanceof Error ? thrown : new Error(String(thrown));
    if (thrown instanceof ConnectionFault) this.#end(thrown.code, thrown.message);
    else this.#end(errorCode.internalError, '');
    this.#closeStreams();
  }

  /** The last word: everything up to the last stream has been dealt with, and the socket closes behind it. */
  #end(code: number, reason: string): void {
    this.#ended = true;
    this.#writer.goaway(this.#streams.lastId, code, reason);
    this.#outbox.flushAll();
    const socket = this.#socket;
    const linger = (): void => void setTimeout(() => socket.destroy(), lingerMs).unref();
    // A client that behaved may fetch everything; how long that may take is for who serves it.
    if (code === errorCode.noError) socket.end(linger);
    else {
      socket.end();
      linger();
    }
    // What still comes is read, so that the system does not reset the connection before the client has read this.
    socket.resume();
  }

  #closeStreams(): void {
    for (const stream of this.#streams.toArray()) this.#streams.close(stream);
  }
}

function readOn(connection: Http2Connection): void {
  connection.readOn();
}
