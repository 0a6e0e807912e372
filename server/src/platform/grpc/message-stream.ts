import { asSamovarError, SamovarError } from '../../kernel/errors.ts';
import type { ServerStream } from '../http2/server-stream.ts';
import { type Frame, FrameReader, onlyMessage } from './frame-reader.ts';
import type { CallBody } from './grpc-call.ts';
import { malformedMessage } from './malformed-message.ts';
import { checkEncoding, unpackMessage } from './message-compression.ts';

/** Memory that requests share until they are whole. */
export interface SharedRoom {
  /** Takes bytes, or gives them back (negative ones). False when it is too little for what has been taken. */
  take(bytes: number): boolean;
}

export interface ReadOptions {
  /** `grpc-encoding` of the request. */
  readonly encoding: string | undefined;
  readonly limitBytes: number;
  readonly room: SharedRoom;
}

export interface MessageListener {
  /** Returns false to get no more of them until `goOn`. */
  message(message: Buffer): boolean;
  /** The client sends no more. */
  end(): void;
  fail(error: SamovarError): void;
}

/** Reads every message of a stream, in order. After `fail` nothing is told any more, and the rest is thrown away. */
export class MessageStream implements CallBody {
  readonly #stream: ServerStream;
  readonly #options: ReadOptions;
  readonly #listener: MessageListener;
  /** Made for a message that does not come in one piece: most do. */
  #reader: FrameReader | null = null;
  #waiting: Frame[] | null = null;
  #keptBytes = 0;
  #unpacking = false;
  #held = false;
  #ended = false;
  #failed = false;

  constructor(stream: ServerStream, options: ReadOptions, listener: MessageListener) {
    this.#stream = stream;
    this.#options = options;
    this.#listener = listener;
  }

  /** The listener takes messages again. */
  goOn(): void {
    this.#held = false;
    this.#takeNext();
  }

  take(chunk: Buffer): void {
    if (this.#failed) return;
    const busy = this.#unpacking || this.#held;
    const message = this.#reader === null && !busy ? onlyMessage(chunk, this.#options.limitBytes) : null;
    if (message !== null) {
      this.#held = !this.#listener.message(message);
      return;
    }
    try {
      this.#reader ??= new FrameReader(this.#options.limitBytes);
      this.#cut(this.#reader, chunk);
    } catch (thrown) {
      this.#fail(thrown);
      return;
    }
    if (busy) this.#stream.pause();
    else this.#takeNext();
  }

  #cut(reader: FrameReader, chunk: Buffer): void {
    for (const frame of reader.push(chunk)) {
      if (frame.compressed) checkEncoding(this.#options.encoding);
      this.#waiting ??= [];
      this.#waiting.push(frame);
    }
    this.#keepWithinRoom(reader);
  }

  finish(): void {
    this.#ended = true;
    this.#takeNext();
  }

  closed(): void {
    this.#options.room.take(-this.#keptBytes);
    this.#keptBytes = 0;
  }

  #takeNext(): void {
    while (!this.#failed && !this.#unpacking && !this.#held) {
      const frame = this.#waiting?.shift();
      if (frame === undefined) break;
      this.#unpack(frame);
    }
    if (this.#failed || this.#unpacking || this.#held) return;
    if (this.#stream.paused) this.#stream.resume();
    if (!this.#ended) return;
    if (this.#reader?.partial) this.#fail(malformedMessage('it ends too early.'));
    else this.#listener.end();
  }

  #unpack(frame: Frame): void {
    this.#unpacking = true;
    unpackMessage(frame, this.#options.encoding, this.#options.limitBytes, (outcome) => {
      this.#unpacking = false;
      if (this.#failed) return;
      if (outcome instanceof SamovarError) {
        this.#fail(outcome);
        return;
      }
      this.#held = !this.#listener.message(outcome);
      // Unpacked in another thread: what came meanwhile goes on from here.
      if (frame.compressed) this.#takeNext();
    });
  }

  #keepWithinRoom(reader: FrameReader): void {
    const moreBytes = reader.keptBytes - this.#keptBytes;
    if (moreBytes === 0) return;
    this.#keptBytes += moreBytes;
    if (!this.#options.room.take(moreBytes))
      throw new SamovarError('system.overloaded', { retryAfterSeconds: 1 });
  }

  #fail(thrown: unknown): void {
    this.#failed = true;
    this.#listener.fail(asSamovarError(thrown));
  }
}
