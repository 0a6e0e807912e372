import type { FloodGuard } from './flood-guard.ts';
import type { Frame } from './frame-parser.ts';
import type { HeaderBlock, HeaderBlocks } from './header-blocks.ts';
import type { PeerSettings } from './peer-settings.ts';
import { errorCode, flag } from './protocol.ts';
import { ConnectionFault, protocolError, StreamFault } from './protocol-faults.ts';
import { checkTrailers } from './request-head.ts';
import type { ServerStream } from './server-stream.ts';
import type { StreamSet } from './stream-set.ts';

export interface RequestFramesParts {
  readonly blocks: HeaderBlocks;
  readonly streams: StreamSet;
  readonly guard: FloodGuard;
  readonly settings: PeerSettings;
}

/** The frames that requests are made of: headers and data (RFC 9113, section 8.1). */
export class RequestFrames {
  readonly #parts: RequestFramesParts;

  constructor(parts: RequestFramesParts) {
    this.#parts = parts;
  }

  /** Section 6.1. Padding counts for the windows like data. */
  data({ flags, streamId, bytes, begin, end }: Frame): void {
    const { streams, guard } = this.#parts;
    if (streamId === 0) throw protocolError('data without a stream');
    const wholeBytes = end - begin;
    const padded = (flags & flag.padded) !== 0;
    const paddingBytes = padded ? (bytes[begin] ?? 0) : 0;
    const from = padded ? begin + 1 : begin;
    const to = end - paddingBytes;
    if (from > to) throw protocolError('more padding than data');
    const ends = (flags & flag.endStream) !== 0;
    if (from < to) guard.data();
    else if (!ends) guard.idleFrame();
    streams.takeRoom(wholeBytes);
    const stream = streams.get(streamId);
    if (stream === null || stream.remoteEnded) {
      this.#late(streamId);
      return;
    }
    const fault = faultOfData(stream, wholeBytes, to - from, ends);
    if (fault !== null) throw fault;
    if (ends) stream.remoteEnded = true;
    if (from < to && !stream.gone) stream.listener?.data(bytes.subarray(from, to));
    if (stream.isClosed) return;
    if (wholeBytes > 0) stream.release(wholeBytes);
    if (ends) streams.endRemote(stream);
  }

  /** A frame on a stream that is not open (section 5.1). */
  #late(streamId: number): void {
    const { streams, guard } = this.#parts;
    if (streams.isIdle(streamId)) throw protocolError('a frame on a stream that never opened');
    // It may have been on its way when we reset the stream.
    if (streams.wasResetByUs(streamId)) guard.idleFrame();
    else throw new StreamFault(errorCode.streamClosed, 'a frame on a stream that is closed');
  }

  /** Section 6.2. */
  headers(frame: Frame): void {
    const { streamId } = frame;
    if (streamId === 0 || streamId % 2 === 0) throw protocolError('headers on a stream that no client opens');
    this.#block(this.#parts.blocks.begin(frame));
  }

  /** Section 6.10. */
  continuation(frame: Frame): void {
    this.#block(this.#parts.blocks.goOn(frame));
  }

  /** Section 8.1: a request begins, or ends with trailers. */
  #block(block: HeaderBlock | null): void {
    if (block === null) return;
    const { streamId, endStream } = block;
    const { streams, blocks, settings } = this.#parts;
    if (streamId > streams.lastId) {
      streams.lastId = streamId;
      const head = blocks.readHead(block);
      if (block.dependsOnItself) throw new StreamFault(errorCode.protocolError, 'a stream depends on itself');
      streams.begin(streamId, head, endStream, settings.windowBytes);
      return;
    }
    const fields = blocks.readFields(block);
    const stream = streams.get(streamId);
    if (stream === null) {
      this.#lateHeaders(streamId);
      return;
    }
    if (stream.remoteEnded) throw new StreamFault(errorCode.streamClosed, 'headers behind the end');
    checkTrailers(fields);
    if (!endStream || !stream.count(0, true))
      throw new StreamFault(errorCode.protocolError, 'trailers that are not the end');
    streams.endRemote(stream);
  }

  #lateHeaders(streamId: number): void {
    const { streams, guard } = this.#parts;
    if (streams.wasResetByUs(streamId)) guard.idleFrame();
    else if (streams.wasOpen(streamId))
      throw new ConnectionFault(errorCode.streamClosed, 'headers on a stream that is closed');
    else throw protocolError('headers on a stream below the last one');
  }
}

/** What is wrong with data that comes in so many bytes, padding included, and says so many. */
function faultOfData(
  stream: ServerStream,
  wholeBytes: number,
  dataBytes: number,
  last: boolean,
): StreamFault | null {
  if (!stream.receiveWindow.take(wholeBytes))
    return new StreamFault(errorCode.flowControlError, 'more data than the stream has room for');
  if (!stream.count(dataBytes, last))
    return new StreamFault(errorCode.protocolError, 'data of another length than was told');
  return null;
}
