import { type DescMessage, fromBinary, type Message } from '@bufbuild/protobuf';
import { SamovarError } from '../../kernel/errors.ts';
import { checkMessageSize } from './check-message-size.ts';
import type { GrpcCall } from './grpc-call.ts';
import { malformedMessage } from './malformed-message.ts';
import { type MessageListener, MessageStream, type ReadOptions } from './message-stream.ts';

/**
 * Reads the one message of a unary or server streaming call. `done` is called once: with the message or what is wrong
 * with it; never when the stream closes first.
 */
export function readOneMessage(
  call: GrpcCall,
  options: ReadOptions,
  done: (outcome: Buffer | SamovarError) => void,
): void {
  call.reads(new MessageStream(call.stream, options, new OnlyMessage(done)));
}

class OnlyMessage implements MessageListener {
  readonly keeps = true;
  readonly #done: (outcome: Buffer | SamovarError) => void;
  #message: Buffer | null = null;
  #settled = false;

  constructor(done: (outcome: Buffer | SamovarError) => void) {
    this.#done = done;
  }

  message(next: Buffer): boolean {
    if (this.#message === null) this.#message = next;
    else this.#settle(malformedMessage('there is a second one, and the method takes one.'));
    return true;
  }

  end(): void {
    this.#settle(this.#message ?? malformedMessage('there is none.'));
  }

  fail(error: SamovarError): void {
    this.#settle(error);
  }

  #settle(outcome: Buffer | SamovarError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#done(outcome);
  }
}

/** The message in its bytes. Throws `request.malformed_message` for bytes that are none of this type. */
export function parseMessage(input: DescMessage, bytes: Buffer): Message {
  try {
    checkMessageSize(input, bytes);
    return fromBinary(input, bytes, readOptions);
  } catch (thrown) {
    if (thrown instanceof SamovarError) throw thrown;
    throw malformedMessage(`its bytes are no ${input.typeName}.`, thrown);
  }
}

const readOptions = { readUnknownFields: false };
