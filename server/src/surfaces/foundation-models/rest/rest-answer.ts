import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { errorHeaders } from '../../../kernel/error-headers.ts';
import type { DataExchange, ErrorBody } from '../../../kernel/ports/http-routes.ts';
import type { MessageAnswer } from '../../../kernel/ports/message-exchange.ts';
import { serverTraceId } from '../../../kernel/server-trace-id.ts';
import { writeMessage } from '../proto-json/write-message.ts';

export interface RestForm<Schema extends DescMessage> {
  readonly output: Schema;
  /** A line `{"result": …}` for each message, instead of the one message itself. */
  readonly stream: boolean;
  readonly errorBody: ErrorBody;
}

/**
 * Answers a method over HTTP. An answer that is complete in one turn goes out whole, with its length; a first message
 * that is not followed by the end goes out at once, as the first line of a stream.
 */
export function createRestAnswer<Schema extends DescMessage>(
  { answer, requestId, commonHeaders }: Pick<DataExchange, 'answer' | 'requestId' | 'commonHeaders'>,
  form: RestForm<Schema>,
): MessageAnswer<MessageShape<Schema>> {
  let headers: Readonly<Record<string, string>> = {};
  let held: Buffer | null = null;
  let done = false;
  let drained: () => void = () => {};
  let gone: () => void = () => {};
  answer.watch({
    drained: () => drained(),
    left() {
      if (!done) gone();
      done = true;
    },
  });

  function head(...more: string[]): string[] {
    return [
      ...commonHeaders,
      'x-server-trace-id',
      serverTraceId(requestId),
      'content-type',
      'application/json',
      ...Object.entries(headers).flat(),
      ...more,
    ];
  }

  /** Proxies such as nginx buffer answers unless told not to. */
  function flush(): void {
    if (held === null || done) return;
    if (!answer.begun) answer.begin(200, head('x-accel-buffering', 'no'));
    answer.write(held);
    held = null;
  }

  return {
    begin(added) {
      headers = added;
    },
    message(message) {
      if (done) return true;
      const json = writeMessage(form.output, message);
      const text = form.stream ? `${JSON.stringify({ result: json })}\n` : JSON.stringify(json);
      if (!answer.begun && held === null) {
        held = Buffer.from(text);
        queueMicrotask(flush);
        return true;
      }
      flush();
      return answer.write(Buffer.from(text));
    },
    end() {
      if (done) return;
      done = true;
      if (answer.begun) answer.end();
      else answer.send(200, head(), held ?? Buffer.alloc(0));
    },
    error(error) {
      if (done) return;
      flush();
      done = true;
      const body = JSON.stringify(form.errorBody(error, requestId));
      if (answer.begun) {
        answer.write(Buffer.from(`${body}\n`));
        answer.end();
        return;
      }
      headers = errorHeaders(error);
      answer.send(error.entry.httpStatus, head(), Buffer.from(body));
    },
    onDrain(listener) {
      drained = listener;
    },
    onGone(listener) {
      gone = listener;
    },
  };
}
