import type { FloodGuard } from './flood-guard.ts';
import type { Frame } from './frame-parser.ts';
import type { FrameWriter } from './frame-writer.ts';
import { dependsOn, type HeaderBlocks } from './header-blocks.ts';
import { PeerSettings } from './peer-settings.ts';
import { errorCode, flag, frameType } from './protocol.ts';
import { ConnectionFault, protocolError, StreamFault } from './protocol-faults.ts';
import { RequestFrames } from './request-frames.ts';
import type { Sender } from './sender.ts';
import type { ServerStream } from './server-stream.ts';
import type { StreamSet } from './stream-set.ts';

export interface FrameTakerParts {
  readonly blocks: HeaderBlocks;
  readonly streams: StreamSet;
  readonly sender: Sender;
  readonly writer: FrameWriter;
  readonly guard: FloodGuard;
  pinged(): void;
  ponged(): void;
}

const pingBytes = 8;
const priorityBytes = 5;

/** Does what the frames of a client say (RFC 9113, section 6). Throws what ends the connection. */
export class FrameTaker {
  readonly #parts: FrameTakerParts;
  readonly #settings = new PeerSettings();
  readonly #requests: RequestFrames;
  /** The first settings have come, with which a client begins (section 3.4). */
  greeted = false;

  constructor(parts: FrameTakerParts) {
    this.#parts = parts;
    this.#requests = new RequestFrames({ ...parts, settings: this.#settings });
  }

  take(frame: Frame): void {
    const open = this.#parts.blocks.openStreamId;
    if (open !== null && (frame.type !== frameType.continuation || frame.streamId !== open))
      throw protocolError('something else amid headers');
    if (!this.greeted && frame.type !== frameType.settings) throw protocolError('no settings to begin with');
    try {
      this.#dispatch(frame);
    } catch (thrown) {
      if (!(thrown instanceof StreamFault)) throw thrown;
      // A stream that never opened cannot be reset.
      if (this.#parts.streams.isIdle(frame.streamId)) throw new ConnectionFault(thrown.code, thrown.message);
      this.#parts.streams.refuse(frame.streamId, thrown.code);
    }
  }

  #dispatch(frame: Frame): void {
    switch (frame.type) {
      case frameType.data:
        this.#requests.data(frame);
        break;
      case frameType.headers:
        this.#requests.headers(frame);
        break;
      case frameType.continuation:
        this.#requests.continuation(frame);
        break;
      case frameType.windowUpdate:
        this.#windowUpdate(frame);
        break;
      case frameType.rstStream:
        this.#reset(frame);
        break;
      case frameType.settings:
        this.#takeSettings(frame);
        break;
      case frameType.ping:
        this.#ping(frame);
        break;
      case frameType.priority:
        this.#priority(frame);
        break;
      case frameType.pushPromise:
        throw protocolError('a push of a client');
      case frameType.goaway:
        if (frame.streamId !== 0) throw protocolError('a farewell on a stream');
        this.#parts.guard.idleFrame();
        break;
      default:
        // Of an extension (section 5.5).
        this.#parts.guard.idleFrame();
    }
  }

  /** Section 6.9. */
  #windowUpdate({ streamId, bytes, begin, end }: Frame): void {
    if (end - begin !== 4) throw frameSizeError();
    const { streams, sender, guard } = this.#parts;
    guard.idleFrame();
    const moreBytes = bytes.readUInt32BE(begin) & 0x7fff_ffff;
    if (streamId === 0) {
      if (moreBytes === 0) throw protocolError('a window that is no wider');
      sender.widen(moreBytes);
      return;
    }
    const stream = streams.get(streamId);
    if (stream === null) {
      if (streams.isIdle(streamId)) throw protocolError('a window of a stream that never opened');
      return;
    }
    if (moreBytes === 0) throw new StreamFault(errorCode.protocolError, 'a window that is no wider');
    sender.widenStream(stream, moreBytes);
    sender.sendWaiting();
  }

  /** Section 6.4. */
  #reset({ streamId, begin, end }: Frame): void {
    if (end - begin !== 4) throw frameSizeError();
    const { streams, guard } = this.#parts;
    if (streams.isIdle(streamId)) throw protocolError('a reset of a stream that never opened');
    const stream = streams.get(streamId);
    if (stream === null) {
      guard.idleFrame();
      return;
    }
    guard.reset();
    streams.close(stream);
  }

  /** Section 6.5. */
  #takeSettings(frame: Frame): void {
    if (frame.streamId !== 0) throw protocolError('settings on a stream');
    const { writer, guard, sender, streams } = this.#parts;
    guard.idleFrame();
    if ((frame.flags & flag.ack) !== 0) {
      if (frame.begin !== frame.end) throw frameSizeError();
      if (!this.greeted) throw protocolError('no settings to begin with');
      return;
    }
    const before = this.#settings.windowBytes;
    this.#settings.read(frame);
    this.greeted = true;
    writer.settingsTaken();
    const moreBytes = this.#settings.windowBytes - before;
    if (moreBytes !== 0) widenAll(sender, streams.toArray(), moreBytes);
  }

  /** Section 6.7. */
  #ping({ flags, streamId, bytes, begin, end }: Frame): void {
    if (streamId !== 0) throw protocolError('a ping on a stream');
    if (end - begin !== pingBytes) throw frameSizeError();
    this.#parts.guard.idleFrame();
    if ((flags & flag.ack) !== 0) {
      this.#parts.ponged();
      return;
    }
    this.#parts.writer.pong(bytes.subarray(begin, end));
    this.#parts.pinged();
  }

  /** Section 6.3: they are of the past, and mean nothing. */
  #priority({ streamId, bytes, begin, end }: Frame): void {
    this.#parts.guard.idleFrame();
    if (streamId === 0) throw protocolError('a priority without a stream');
    if (end - begin !== priorityBytes)
      throw new StreamFault(errorCode.frameSizeError, 'a priority of another length');
    if (dependsOn(bytes, begin, streamId))
      throw new StreamFault(errorCode.protocolError, 'a stream depends on itself');
  }
}

/** Section 6.9.2. */
function widenAll(sender: Sender, streams: readonly ServerStream[], moreBytes: number): void {
  for (const stream of streams)
    try {
      sender.widenStream(stream, moreBytes);
    } catch (thrown) {
      throw thrown instanceof StreamFault ? new ConnectionFault(thrown.code, thrown.message) : thrown;
    }
  sender.sendWaiting();
}

function frameSizeError(): ConnectionFault {
  return new ConnectionFault(errorCode.frameSizeError, 'a frame of another length than its type has');
}
