import type { Frame } from './frame-parser.ts';
import { BlockDecoder } from './hpack/block-decoder.ts';
import type { HeaderField } from './hpack/static-table.ts';
import { errorCode, flag } from './protocol.ts';
import { ConnectionFault, protocolError, StreamFault } from './protocol-faults.ts';
import { type RequestHead, readRequestHead } from './request-head.ts';

/** A block, whole. */
export interface HeaderBlock {
  readonly streamId: number;
  readonly endStream: boolean;
  /** The stream is said to depend on itself (RFC 7540, section 5.3.1). */
  readonly dependsOnItself: boolean;
  readonly bytes: Buffer;
  readonly begin: number;
  readonly end: number;
}

/** Frames of one block: clients need two for the largest that is allowed. */
const mostFrames = 32;
/**
 * So many times the limit is read of a block that is too large: the table must stay in step, so that this request alone
 * is refused.
 */
const readBeyond = 4;
/** Heads that are remembered: those of methods that a client calls again and again. */
const mostKnown = 16;
const longestKnownBytes = 512;
const priorityBytes = 5;

/** Puts blocks of headers together (RFC 9113, section 4.3), and reads what they say. */
export class HeaderBlocks {
  readonly #decoder: BlockDecoder;
  readonly #limitBytes: number;
  #open: (HeaderBlock & { readonly parts: Buffer[]; sizeBytes: number }) | null = null;
  /** By the bytes of their blocks: as long as the table of the decoder stays, the same bytes say the same. */
  readonly #known = new Map<string, RequestHead>();

  /** `limitBytes`: of the fields of a block, as they count (section 6.5.2). */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#decoder = new BlockDecoder(limitBytes);
  }

  /** The stream whose block is not whole: until it is, nothing else may come (section 6.10). */
  get openStreamId(): number | null {
    return this.#open === null ? null : this.#open.streamId;
  }

  /** The block of a HEADERS frame (section 6.2), `null` when it goes on in the next frame. */
  begin(frame: Frame): HeaderBlock | null {
    const { flags, streamId, bytes } = frame;
    let { begin, end } = frame;
    if ((flags & flag.padded) !== 0) {
      end -= bytes[begin] ?? 0;
      begin += 1;
    }
    let dependsOnItself = false;
    if ((flags & flag.priority) !== 0) {
      if (end - begin >= priorityBytes) dependsOnItself = dependsOn(bytes, begin, streamId);
      begin += priorityBytes;
    }
    if (begin > end) throw protocolError('a frame of headers is too short');
    const endStream = (flags & flag.endStream) !== 0;
    const block: HeaderBlock = { streamId, endStream, dependsOnItself, bytes, begin, end };
    if ((flags & flag.endHeaders) !== 0) return block;
    this.#open = { ...block, parts: [bytes.subarray(begin, end)], sizeBytes: end - begin };
    return null;
  }

  /** The block that a CONTINUATION frame of its stream completes (section 6.10), `null` when it goes on. */
  goOn({ flags, bytes, begin, end }: Frame): HeaderBlock | null {
    const open = this.#open;
    if (open === null) throw protocolError('headers go on that never began');
    open.parts.push(bytes.subarray(begin, end));
    open.sizeBytes += end - begin;
    if (open.sizeBytes > readBeyond * this.#limitBytes || open.parts.length > mostFrames)
      throw new ConnectionFault(errorCode.enhanceYourCalm, 'too_many_headers');
    if ((flags & flag.endHeaders) === 0) return null;
    this.#open = null;
    const whole = Buffer.concat(open.parts, open.sizeBytes);
    return { ...open, bytes: whole, begin: 0, end: whole.length };
  }

  /** What a request begins with. Throws for a malformed block, and for one that is too large. */
  readHead(block: HeaderBlock): RequestHead {
    const { bytes, begin, end } = block;
    const key = end - begin <= longestKnownBytes ? bytes.toString('latin1', begin, end) : null;
    const known = key === null ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const { version } = this.#decoder;
    const head = readRequestHead(this.#decode(block));
    // A block that changes the table says more than its head, and may say something else the next time.
    if (key === null || version !== this.#decoder.version) return head;
    if (this.#known.size === mostKnown) this.#known.clear();
    this.#known.set(key, head);
    return head;
  }

  /** The fields of a block that begins no request: only so the table stays in step. */
  readFields(block: HeaderBlock): readonly HeaderField[] {
    return this.#decode(block);
  }

  #decode({ bytes, begin, end }: HeaderBlock): readonly HeaderField[] {
    const { version } = this.#decoder;
    const fields = this.#decoder.decode(bytes, begin, end);
    if (version !== this.#decoder.version) this.#known.clear();
    if (fields === null) throw new StreamFault(errorCode.enhanceYourCalm, 'the headers are too large');
    return fields;
  }
}

/** Whether a priority names the stream itself: its first bit is a flag (RFC 7540, section 6.3). */
export function dependsOn(bytes: Buffer, at: number, streamId: number): boolean {
  return (bytes.readUInt32BE(at) & 0x7fff_ffff) === streamId;
}
