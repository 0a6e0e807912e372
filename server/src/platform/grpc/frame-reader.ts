import { SamovarError } from '../../kernel/errors.ts';
import { malformedMessage } from './malformed-message.ts';

/** One length-prefixed message as it came: still compressed when the flag says so. */
export interface Frame {
  readonly compressed: boolean;
  readonly bytes: Buffer;
}

const frameHeadBytes = 5;
const nothing = Buffer.alloc(0);

/** The message when the bytes are exactly one that is whole, not compressed and not too long, else `null`. */
export function onlyMessage(bytes: Buffer, limitBytes: number): Buffer | null {
  const length = bytes.length - frameHeadBytes;
  if (length < 0 || length > limitBytes || bytes[0] !== 0 || bytes.readUInt32BE(1) !== length) return null;
  return bytes.subarray(frameHeadBytes);
}

/** A message in its frame. */
export function frameOf(message: Uint8Array, compressed: boolean): Buffer {
  const frame = Buffer.allocUnsafe(frameHeadBytes + message.length);
  frame[0] = compressed ? 1 : 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, frameHeadBytes);
  return frame;
}

/**
 * Cuts the bytes of a stream into messages: one flag byte, four bytes of length, the message ("gRPC over HTTP2").
 * What is kept grows with what arrived, never with what a length promises, and many small pieces cost what one costs.
 */
export class FrameReader {
  readonly #limitBytes: number;
  /** Ours to grow; the first `#size` bytes are used. */
  #kept: Buffer = nothing;
  #size = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Whether the bytes so far end in the middle of a message. */
  get partial(): boolean {
    return this.#size > 0;
  }

  /** Memory that the beginning of a message takes. */
  get keptBytes(): number {
    return this.#kept.length;
  }

  /** The messages that are whole now. Throws `request.body_too_large` or `request.malformed_message`. */
  push(chunk: Buffer): Frame[] {
    const bytes = this.#size === 0 ? chunk : this.#append(chunk);
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= frameHeadBytes) {
      const begin = at + frameHeadBytes;
      const end = begin + this.#lengthAt(bytes, at);
      if (bytes.length < end) break;
      frames.push({ compressed: bytes[at] === 1, bytes: bytes.subarray(begin, end) });
      at = end;
    }
    if (at === 0 && this.#size > 0) return frames;
    // The messages handed out lie in the old memory, which is theirs from now on.
    this.#kept = nothing;
    this.#size = 0;
    if (at < bytes.length) this.#append(bytes.subarray(at));
    return frames;
  }

  #lengthAt(bytes: Buffer, at: number): number {
    if ((bytes[at] ?? 0) > 1) throw malformedMessage('the first byte of a message must be 0 or 1.');
    const length = bytes.readUInt32BE(at + 1);
    if (length > this.#limitBytes)
      throw new SamovarError('request.body_too_large', { params: { limitBytes: this.#limitBytes } });
    return length;
  }

  #append(chunk: Buffer): Buffer {
    const size = this.#size + chunk.length;
    if (this.#kept.length < size) {
      const larger = Buffer.allocUnsafe(size * 2);
      this.#kept.copy(larger, 0, 0, this.#size);
      this.#kept = larger;
    }
    chunk.copy(this.#kept, this.#size);
    this.#size = size;
    return this.#kept.subarray(0, size);
  }
}
