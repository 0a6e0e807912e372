import type { FloodGuard } from './flood-guard.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { Outbox } from './outbox.ts';
import { errorCode, largestWindowBytes, usualFrameBytes, usualWindowBytes } from './protocol.ts';
import { ConnectionFault, StreamFault } from './protocol-faults.ts';
import type { ServerStream } from './server-stream.ts';

/** Of one stream: more than that waits for a client that reads slowly, whose method should not add to it. */
const longestQueueBytes = 16 * 1024;

/**
 * Sends the data of all streams of a connection within the client's windows (RFC 9113, section 5.2) and as fast as the
 * socket takes it; those that wait take turns, a frame each.
 */
export class Sender {
  readonly #writer: FrameWriter;
  readonly #outbox: Outbox;
  readonly #guard: FloodGuard;
  #windowBytes = usualWindowBytes;
  /** Have data and room in their own windows: they wait for the connection's. */
  readonly #ready: ServerStream[] = [];
  /** Of all streams. */
  queuedBytes = 0;

  constructor(writer: FrameWriter, outbox: Outbox, guard: FloodGuard) {
    this.#writer = writer;
    this.#outbox = outbox;
    this.#guard = guard;
  }

  /** Returns false when too much of the stream waits. */
  send(stream: ServerStream, bytes: Buffer): boolean {
    const sent = stream.queuedBytes === 0 ? this.#sendNow(stream, bytes) : 0;
    if (sent === bytes.length) return true;
    const rest = sent === 0 ? bytes : bytes.subarray(sent);
    stream.queue.push(rest);
    stream.queuedBytes += rest.length;
    this.queuedBytes += rest.length;
    this.#await(stream);
    if (stream.queuedBytes < longestQueueBytes) return true;
    stream.wantsDrain = true;
    return false;
  }

  /** The client takes more on the whole connection (section 6.9.1). */
  widen(moreBytes: number): void {
    this.#windowBytes += moreBytes;
    if (this.#windowBytes > largestWindowBytes)
      throw new ConnectionFault(errorCode.flowControlError, 'the window of the connection is too large');
    this.sendWaiting();
  }

  /** The client takes more, or by a setting less, of one stream. */
  widenStream(stream: ServerStream, moreBytes: number): void {
    stream.sendWindowBytes += moreBytes;
    if (stream.sendWindowBytes > largestWindowBytes)
      throw new StreamFault(errorCode.flowControlError, 'the window of the stream is too large');
    this.#await(stream);
  }

  /** Sends what now can be sent. */
  sendWaiting(): void {
    while (this.#ready.length > 0 && this.#windowBytes > 0 && !this.#outbox.full) {
      const stream = this.#ready.shift();
      if (stream !== undefined) this.#sendFrame(stream);
    }
  }

  /** A stream is closed: what it had to send is not sent. */
  forget(stream: ServerStream): void {
    this.queuedBytes -= stream.queuedBytes;
    stream.queuedBytes = 0;
    stream.queue.length = 0;
    if (!stream.ready) return;
    stream.ready = false;
    this.#ready.splice(this.#ready.indexOf(stream), 1);
  }

  #await(stream: ServerStream): void {
    if (stream.ready || stream.queuedBytes === 0 || stream.sendWindowBytes <= 0) return;
    stream.ready = true;
    this.#ready.push(stream);
  }

  #sendNow(stream: ServerStream, bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      const size = this.#allowed(stream, bytes.length - at);
      if (size <= 0) break;
      this.#write(stream, size === bytes.length ? bytes : bytes.subarray(at, at + size));
      at += size;
    }
    return at;
  }

  #allowed(stream: ServerStream, bytes: number): number {
    if (this.#outbox.full) return 0;
    return Math.min(bytes, usualFrameBytes, this.#windowBytes, stream.sendWindowBytes);
  }

  #write(stream: ServerStream, bytes: Buffer): void {
    this.#windowBytes -= bytes.length;
    stream.sendWindowBytes -= bytes.length;
    this.#guard.data();
    this.#writer.data(stream.id, bytes);
  }

  #sendFrame(stream: ServerStream): void {
    stream.ready = false;
    const first = stream.queue[0];
    if (first === undefined) return;
    const size = this.#allowed(stream, first.length);
    if (size > 0) {
      this.#write(stream, size === first.length ? first : first.subarray(0, size));
      stream.queuedBytes -= size;
      this.queuedBytes -= size;
      if (size === first.length) stream.queue.shift();
      else stream.queue[0] = first.subarray(size);
    }
    if (stream.queuedBytes > 0) this.#await(stream);
    else if (!stream.sendTrailers() && stream.wantsDrain) {
      stream.wantsDrain = false;
      stream.listener?.drained();
    }
  }
}
