import type { ServerHttp2Stream } from 'node:http2';
import { type DescMessage, fromBinary, type Message } from '@bufbuild/protobuf';
import { asSamovarError, SamovarError } from '../../kernel/errors.ts';
import { checkMessageSize } from './check-message-size.ts';
import { type Frame, FrameReader } from './frame-reader.ts';
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

/**
 * Reads the one message of a unary or server streaming call. `done` is called once: with the message or what is wrong
 * with it; never when the stream closes first.
 */
export function readOneMessage(
  stream: ServerHttp2Stream,
  options: ReadOptions,
  done: (outcome: Buffer | SamovarError) => void,
): void {
  let message: Buffer | null = null;
  let settled = false;
  const settle = (outcome: Buffer | SamovarError): void => {
    if (settled) return;
    settled = true;
    done(outcome);
  };
  readMessages(stream, options, {
    message(next) {
      if (message === null) message = next;
      else settle(malformed('there is a second one, and the method takes one.'));
      return true;
    },
    end: () => settle(message ?? malformed('there is none.')),
    fail: settle,
  });
}

export interface MessageListener {
  /** Returns false to get no more of them until it says `goOn`. */
  message(message: Buffer): boolean;
  /** The client sends no more. */
  end(): void;
  fail(error: SamovarError): void;
}

/** Reads every message of a stream, in order. After `fail` nothing is told any more, and the rest is thrown away. */
export function readMessages(
  stream: ServerHttp2Stream,
  { encoding, limitBytes, room }: ReadOptions,
  listener: MessageListener,
): { goOn(): void } {
  const reader = new FrameReader(limitBytes);
  const waiting: Frame[] = [];
  let keptBytes = 0;
  let givesBack = false;
  let unpacking = false;
  let held = false;
  let ended = false;
  let failed = false;
  const fail = (thrown: unknown): void => {
    failed = true;
    listener.fail(asSamovarError(thrown));
  };
  const keepWithinRoom = (): void => {
    const moreBytes = reader.keptBytes - keptBytes;
    if (moreBytes === 0) return;
    if (!givesBack) stream.once('close', () => room.take(-keptBytes));
    givesBack = true;
    keptBytes += moreBytes;
    if (!room.take(moreBytes)) throw new SamovarError('system.overloaded', { retryAfterSeconds: 1 });
  };
  const takeNext = (): void => {
    while (!failed && !unpacking && !held) {
      const frame = waiting.shift();
      if (frame === undefined) break;
      unpacking = true;
      unpackMessage(frame, encoding, limitBytes, (outcome) => {
        unpacking = false;
        if (failed) return;
        if (outcome instanceof SamovarError) return fail(outcome);
        held = !listener.message(outcome);
        // Unpacked in another thread: what came meanwhile goes on from here.
        if (frame.compressed) takeNext();
      });
    }
    if (failed || unpacking || held) return;
    if (stream.isPaused()) stream.resume();
    if (!ended) return;
    if (reader.partial) fail(malformed('it ends too early.'));
    else listener.end();
  };
  stream.on('data', (chunk: Buffer) => {
    if (failed) return;
    try {
      for (const frame of reader.push(chunk)) {
        if (frame.compressed) checkEncoding(encoding);
        waiting.push(frame);
      }
      keepWithinRoom();
    } catch (thrown) {
      return fail(thrown);
    }
    if (unpacking || held) stream.pause();
    else if (waiting.length > 0) takeNext();
  });
  stream.on('end', () => {
    // A stream that breaks ends too; its closing tells.
    if (stream.aborted || stream.rstCode !== 0) return;
    ended = true;
    takeNext();
  });
  return {
    goOn() {
      held = false;
      takeNext();
    },
  };
}

/** The message in its bytes. Throws `request.malformed_message` for bytes that are none of this type. */
export function parseMessage(input: DescMessage, bytes: Buffer): Message {
  try {
    checkMessageSize(input, bytes);
    return fromBinary(input, bytes, { readUnknownFields: false });
  } catch (thrown) {
    if (thrown instanceof SamovarError) throw thrown;
    throw new SamovarError('request.malformed_message', {
      params: { reason: `its bytes are no ${input.typeName}.` },
      cause: thrown,
    });
  }
}

function malformed(reason: string): SamovarError {
  return new SamovarError('request.malformed_message', { params: { reason } });
}
