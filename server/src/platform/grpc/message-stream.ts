import { asSamovarError, SamovarError } from '../../kernel/errors.ts';
import type { ServerStream } from '../http2/server-stream.ts';
import { type Frame, FrameReader, onlyMessage } from './frame-reader.ts';
import type { CallBody } from './grpc-call.ts';
import { malformedMessage } from './malformed-message.ts';
import { type Unpack, unpackerOf, unpackMessage } from './message-compression.ts';
import type { Turns } from './turns.ts';

/** Memory that requests share until they are whole. */
export interface SharedRoom {
  /** Takes bytes, or gives them back (negative ones). False when it is too little for what has been taken. */
  take(bytes: number): boolean;
  /** To unpack messages: each may become as large as the largest. */
  readonly unpacking: Turns;
}

export interface ReadOptions {
  /** `grpc-encoding` of the request. */
  readonly encoding: string | undefined;
  readonly limitBytes: number;
  readonly room: SharedRoom;
}

export interface MessageListener {
  /** Keeps what it is told until the end. */
  readonly keeps: boolean;
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
  /** Waits for its turn to be unpacked. */
  #packed: Buffer | null = null;
  #unpack: Unpack | null = null;
  /** Of frames that are whole and not unpacked, and of messages that the listener keeps. */
  #wholeBytes = 0;
  /** What of the room it has. */
  #takenBytes = 0;
  #unpacking = false;
  #held = false;
  #ended = false;
  /** Nothing is told any more. */
  #over = false;

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
    if (this.#over) return;
    const busy = this.#unpacking || this.#held;
    const message = this.#reader === null && !busy ? onlyMessage(chunk, this.#options.limitBytes) : null;
    if (message !== null) {
      this.#tell(message);
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
      if (frame.compressed) this.#unpack ??= unpackerOf(this.#options.encoding);
      this.#waiting ??= [];
      this.#waiting.push(frame);
      this.#wholeBytes += frame.bytes.length;
    }
    this.#keepWithinRoom();
  }

  finish(): void {
    this.#ended = true;
    this.#takeNext();
  }

  closed(): void {
    this.#over = true;
    this.#letGo();
  }

  #takeNext(): void {
    while (!this.#over && !this.#unpacking && !this.#held) {
      const frame = this.#waiting?.shift();
      if (frame === undefined) break;
      if (frame.compressed && this.#unpack !== null) {
        this.#packed = frame.bytes;
        this.#unpackInTurn(this.#unpack);
      } else {
        this.#wholeBytes -= frame.bytes.length;
        this.#tell(frame.bytes);
      }
    }
    if (this.#over || this.#unpacking || this.#held) return;
    if (this.#stream.paused) this.#stream.resume();
    if (!this.#ended) return;
    if (this.#reader?.partial) this.#fail(malformedMessage('it ends too early.'));
    else {
      this.#letGo();
      this.#listener.end();
    }
  }

  #unpackInTurn(unpack: Unpack): void {
    this.#unpacking = true;
    const { room, limitBytes } = this.#options;
    room.unpacking.take((done) => {
      const packed = this.#packed;
      // Let go of when the call ended meanwhile.
      if (packed === null) return false;
      unpackMessage(packed, unpack, limitBytes, (outcome) => {
        this.#unpacked(outcome);
        done();
      });
      return true;
    });
  }

  #unpacked(outcome: Buffer | SamovarError): void {
    this.#unpacking = false;
    if (this.#over) return;
    this.#wholeBytes -= this.#packed?.length ?? 0;
    this.#packed = null;
    if (outcome instanceof SamovarError) this.#fail(outcome);
    else this.#tell(outcome);
    // What came meanwhile goes on from here.
    this.#takeNext();
  }

  #tell(message: Buffer): void {
    this.#held = !this.#listener.message(message);
    if (this.#over || !this.#listener.keeps || this.#stream.remoteEnded) return;
    this.#wholeBytes += message.length;
    try {
      this.#keepWithinRoom();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #keepWithinRoom(): void {
    const moreBytes = (this.#reader?.keptBytes ?? 0) + this.#wholeBytes - this.#takenBytes;
    if (moreBytes === 0) return;
    this.#takenBytes += moreBytes;
    if (!this.#options.room.take(moreBytes) && moreBytes > 0)
      throw new SamovarError('system.overloaded', { retryAfterSeconds: 1 });
  }

  /** Needs no room any more. */
  #letGo(): void {
    this.#reader = null;
    this.#waiting = null;
    this.#packed = null;
    this.#wholeBytes = 0;
    if (this.#takenBytes > 0) this.#options.room.take(-this.#takenBytes);
    this.#takenBytes = 0;
  }

  #fail(thrown: unknown): void {
    this.#over = true;
    this.#letGo();
    this.#listener.fail(asSamovarError(thrown));
  }
}
