import type { SamovarError } from '../../kernel/errors.ts';
import type { DataExchange } from '../../kernel/ports/http-routes.ts';
import type { AnswerStart, InferenceSink } from '../../modules/inference/index.ts';
import { answerHeaders } from './answer-headers.ts';
import { beginEventStream, type EventStream } from './event-stream.ts';
import { openaiErrorBody } from './openai-error.ts';
import { sendError } from './send-error.ts';
import { withPromptField } from './with-prompt-field.ts';

/** Writes the worker's bytes to the client untouched. The header goes out with the first of them. */
export function createByteSink(exchange: DataExchange, form: ByteSinkForm): InferenceSink {
  return form.stream ? streamSink(exchange, form) : bodySink(exchange, form);
}

export interface ByteSinkForm {
  readonly stream: boolean;
  readonly ignored: readonly string[];
  /** How the endpoint names its prompt. */
  readonly promptField: 'messages' | 'prompt' | 'input';
}

function streamSink(exchange: DataExchange, { ignored, promptField }: ByteSinkForm): InferenceSink {
  const { response, requestId } = exchange;
  let stream: EventStream | null = null;
  return {
    form: 'bytes',
    start(answer) {
      stream = beginEventStream(response, answerHeaders(exchange, answer, { stream: true, ignored }));
    },
    bytes: (chunk) => stream === null || stream.write(chunk),
    object: refuseObjects,
    end() {
      stream?.end();
    },
    error(error) {
      if (stream === null) sendError(exchange, withPromptField(error, promptField));
      else {
        stream.write(Buffer.from(errorEvent(error, requestId)));
        stream.end();
      }
    },
  };
}

/** A body up to this size is cheaper to copy than to send beside its head. */
const shortBytes = 16 * 1024;

/** One JSON body. A body that arrives whole goes out in one write, with its length. */
function bodySink(exchange: DataExchange, { ignored, promptField }: ByteSinkForm): InferenceSink {
  const { response } = exchange;
  let begun: AnswerStart | null = null;
  let held: Buffer | null = null;
  const sendHead = (length: number | null): void => {
    if (begun === null || response.headersSent) return;
    const headers = answerHeaders(exchange, begun, { stream: false, ignored });
    if (length !== null) headers.push('content-length', String(length));
    response.writeHead(200, headers);
  };
  return {
    form: 'bytes',
    start(answer) {
      begun = answer;
    },
    bytes(chunk) {
      if (response.destroyed) return true;
      if (held === null && !response.headersSent) {
        held = chunk;
        return true;
      }
      sendHead(null);
      if (held !== null) response.write(held);
      held = null;
      return response.write(chunk);
    },
    object: refuseObjects,
    end() {
      if (response.destroyed) return;
      sendHead(held?.length ?? null);
      if (held === null) response.end();
      // As a text it goes out in one piece with the head; Latin-1 keeps every byte as it is.
      else if (held.length <= shortBytes) response.end(held.toString('latin1'), 'latin1');
      else response.end(held);
    },
    error(error) {
      if (response.headersSent)
        // Half of a JSON body is out: cutting the connection is the only honest end.
        response.destroy();
      else sendError(exchange, withPromptField(error, promptField));
    },
  };
}

/** The event that official clients raise as an error in the middle of a stream. */
export function errorEvent(error: SamovarError, requestId: string): string {
  return `data: ${JSON.stringify(openaiErrorBody(error, requestId))}\n\n`;
}

function refuseObjects(): never {
  throw new Error('this sink takes bytes');
}
