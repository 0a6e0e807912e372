import { emptyTable } from './hpack/encode-fields.ts';
import type { Outbox } from './outbox.ts';
import { flag, frameType, usualFrameBytes } from './protocol.ts';

const settingBytes = 6;

/** Writes the frames of one connection (RFC 9113, section 6). */
export class FrameWriter {
  readonly #outbox: Outbox;
  #hasSentHeaders = false;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Section 6.2; what is longer than a frame goes on in others (section 6.10). */
  headers(streamId: number, block: string, endStream: boolean): void {
    // The first one says that our encoder remembers nothing.
    let left = this.#hasSentHeaders ? block : emptyTable + block;
    this.#hasSentHeaders = true;
    let type: number = frameType.headers;
    let flags = endStream ? flag.endStream : 0;
    while (left.length > usualFrameBytes) {
      this.#text(type, flags, streamId, left.slice(0, usualFrameBytes));
      left = left.slice(usualFrameBytes);
      type = frameType.continuation;
      flags = 0;
    }
    this.#text(type, flags | flag.endHeaders, streamId, left);
  }

  /** Section 6.1. At most as long as a frame may be. */
  data(streamId: number, bytes: Buffer): void {
    this.#outbox.head(frameType.data, 0, streamId, bytes.length);
    this.#outbox.bytes(bytes);
  }

  /** Section 6.4. */
  reset(streamId: number, code: number): void {
    this.#outbox.head(frameType.rstStream, 0, streamId, 4);
    this.#outbox.uint32(code);
  }

  /** Section 6.5: names and values. */
  settings(settings: readonly (readonly [name: number, value: number])[]): void {
    this.#outbox.head(frameType.settings, 0, 0, settings.length * settingBytes);
    for (const [name, value] of settings) {
      this.#outbox.text(String.fromCharCode(name >>> 8, name & 0xff));
      this.#outbox.uint32(value);
    }
  }

  settingsTaken(): void {
    this.#outbox.head(frameType.settings, flag.ack, 0, 0);
  }

  /** Section 6.7. Eight bytes. */
  ping(bytes: Buffer): void {
    this.#outbox.head(frameType.ping, 0, 0, bytes.length);
    this.#outbox.bytes(bytes);
  }

  pong(bytes: Buffer): void {
    this.#outbox.head(frameType.ping, flag.ack, 0, bytes.length);
    this.#outbox.bytes(bytes);
  }

  /** Section 6.8. */
  goaway(lastStreamId: number, code: number, reason: string): void {
    this.#outbox.head(frameType.goaway, 0, 0, 8 + reason.length);
    this.#outbox.uint32(lastStreamId);
    this.#outbox.uint32(code);
    this.#outbox.text(reason);
  }

  /** Section 6.9; stream 0 is the connection. */
  windowUpdate(streamId: number, moreBytes: number): void {
    this.#outbox.head(frameType.windowUpdate, 0, streamId, 4);
    this.#outbox.uint32(moreBytes);
  }

  #text(type: number, flags: number, streamId: number, text: string): void {
    this.#outbox.head(type, flags, streamId, text.length);
    this.#outbox.text(text);
  }
}
