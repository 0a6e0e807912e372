import type { ServerHttp2Stream } from 'node:http2';
import { type DescMessage, type Message, toBinary } from '@bufbuild/protobuf';
import { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { MessageAnswer } from '../../kernel/ports/message-exchange.ts';
import type { CallArrival } from './call-arrival.ts';
import { CallWriter } from './call-writer.ts';
import { frameOf } from './frame-reader.ts';
import { packMessage, smallestPackedBytes } from './message-compression.ts';

export interface CallOptions {
  readonly limitBytes: number;
  readonly log: Log;
}

/** Longer ones are left to the client; a timer cannot hold them. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * The answer of one call. After the first of `end`, `error`, the deadline and the client's leaving, nothing more has
 * any effect.
 */
export class GrpcCall implements MessageAnswer<Message> {
  /** Where it stands among those that are open. */
  place = -1;
  readonly stream: ServerHttp2Stream;
  readonly arrival: CallArrival;
  readonly #options: CallOptions;
  readonly #writer: CallWriter;
  #output: DescMessage | null = null;
  #ended = false;
  #deadlineTimer: NodeJS.Timeout | null = null;
  #gone: readonly (() => void)[] = [];
  #drained: readonly (() => void)[] = [];
  /** What waits for a message that is being compressed; `null` while none is. */
  #waiting: (() => void)[] | null = null;
  /** Until its request is there. */
  reading = true;
  /** Told of each message that is sent. */
  peer: { sent(): void } | null = null;
  /** Of a public method: a stop does not wait for it. */
  background = false;
  /** What ended it from outside of its method. */
  failure: SamovarError | null = null;
  /** `performance.now()` since when the client takes nothing of what waits for it. */
  stalledSince: number | null = null;
  /** `performance.now()` when it was first seen answered, and its client had not fetched everything. */
  leftOverSince: number | null = null;

  constructor(stream: ServerHttp2Stream, arrival: CallArrival, options: CallOptions) {
    this.stream = stream;
    this.arrival = arrival;
    this.#options = options;
    this.#writer = new CallWriter(stream, arrival);
    stream.on('error', (error) =>
      options.log.debug({ requestId: arrival.requestId, error }, 'A gRPC stream failed'),
    );
    if (arrival.deadline !== null) this.#startDeadline(arrival.deadline - Date.now());
  }

  /** Whether nothing can be answered any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** `performance.now()` when it was answered before its request was complete. */
  get answeredAt(): number | null {
    return this.#writer.answeredAt;
  }

  /** The type of the messages to come. */
  answersWith(output: DescMessage): void {
    this.#output = output;
  }

  begin(headers: Readonly<Record<string, string>>): void {
    if (!this.#ended) this.#writer.addHeaders(headers);
  }

  message(message: Message): boolean {
    if (this.#ended || this.#output === null) return false;
    const bytes = this.#serialise(this.#output, message);
    if (bytes === null) return false;
    if (bytes.length > this.#options.limitBytes) {
      const params = { limitBytes: this.#options.limitBytes };
      this.fail(new SamovarError('request.answer_too_large', { params }));
      return false;
    }
    if (this.arrival.packs && bytes.length >= smallestPackedBytes) return this.#writePacked(bytes);
    const frame = frameOf(bytes, false);
    if (this.#waiting === null) return this.#write(frame);
    this.#waiting.push(() => this.#write(frame));
    return false;
  }

  end(): void {
    if (this.#ended) return;
    this.#finish();
    this.#inOrder(() => this.#writer.end());
  }

  error(error: SamovarError): void {
    if (this.#ended) return;
    this.#finish();
    this.#inOrder(() => this.#writer.endWithError(error));
  }

  /** Ends with an error from outside of the method, which is told that its client is gone. */
  fail(error: SamovarError): void {
    if (this.#ended) return;
    this.failure = error;
    this.error(error);
    this.#tellGone();
  }

  onDrain(listener: () => void): void {
    this.#drained = this.#drained.length === 0 ? [listener] : [...this.#drained, listener];
  }

  onGone(listener: () => void): void {
    this.#gone = this.#gone.length === 0 ? [listener] : [...this.#gone, listener];
  }

  /** The stream is closed: whatever has not been answered by now never will be. */
  closed(): void {
    if (this.#ended) return;
    this.#finish();
    this.#tellGone();
  }

  #finish(): void {
    this.#ended = true;
    if (this.#deadlineTimer !== null) clearTimeout(this.#deadlineTimer);
    this.#deadlineTimer = null;
  }

  #startDeadline(leftMs: number): void {
    if (leftMs > longestTimerMs) return;
    const expire = () => this.fail(new SamovarError('request.deadline_exceeded'));
    this.#deadlineTimer = setTimeout(expire, Math.max(0, Math.ceil(leftMs)));
  }

  #tellGone(): void {
    const listeners = this.#gone;
    this.#gone = [];
    for (const listener of listeners) listener();
  }

  #tellDrained(): void {
    this.stalledSince = null;
    if (this.#ended || this.#waiting !== null) return;
    for (const listener of this.#drained) listener();
  }

  #serialise(output: DescMessage, message: Message): Uint8Array | null {
    try {
      return toBinary(output, message);
    } catch (error) {
      const { requestId } = this.arrival;
      this.#options.log.error({ requestId, error }, 'An answer does not fit its protobuf message');
      this.fail(new SamovarError('system.internal'));
      return null;
    }
  }

  #inOrder(step: () => void): void {
    if (this.#waiting === null) step();
    else this.#waiting.push(step);
  }

  #writePacked(bytes: Uint8Array): boolean {
    if (this.#waiting !== null) {
      this.#waiting.push(() => this.#writePacked(bytes));
      return false;
    }
    this.#waiting = [];
    packMessage(bytes, (error, packed) => {
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      const flowing = this.#write(error === null ? frameOf(packed, true) : frameOf(bytes, false));
      // A step may begin to compress again: what follows it waits with it.
      for (const step of waiting) this.#inOrder(step);
      if (flowing && this.#waiting === null) this.#tellDrained();
    });
    return false;
  }

  #write(frame: Buffer): boolean {
    const { stream } = this;
    if (stream.destroyed || stream.closed) return false;
    this.peer?.sent();
    if (this.#writer.write(frame)) return true;
    if (this.stalledSince === null) {
      this.stalledSince = performance.now();
      stream.once('drain', () => this.#tellDrained());
    }
    return false;
  }
}
