import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions';
import { newId, withPrefix } from '../../../kernel/ids.ts';
import type { DataExchange } from '../../../kernel/ports/http-routes.ts';
import type { AnswerStart, InferenceSink } from '../../../modules/inference/index.ts';
import type { ServedModel } from '../../../modules/registry/index.ts';
import { answerHeaders } from '../answer-headers.ts';
import { beginEventStream, type EventStream } from '../event-stream.ts';
import { sendError } from '../send-error.ts';
import { deltaOfAnswer, deltaOfChunk } from './chat-delta.ts';
import { inResponseTerms } from './error-terms.ts';
import { beginResponse } from './response-object.ts';
import type { ResponseRequest } from './response-request.ts';
import { createResponseWriter, type ResponseWriter } from './response-writer.ts';
import type { WireEvent } from './wire-response.ts';

/** Writes the answer of a chat model as a response: a stream of events, or one object. */
export function createResponseSink(
  exchange: DataExchange,
  request: ResponseRequest,
  ignored: readonly string[],
): InferenceSink {
  return request.stream === true
    ? streamSink(exchange, request, ignored)
    : objectSink(exchange, request, ignored);
}

function streamSink(
  exchange: DataExchange,
  request: ResponseRequest,
  ignored: readonly string[],
): InferenceSink {
  const { response } = exchange;
  let writer: ResponseWriter | null = null;
  let stream: EventStream | null = null;
  let pending = '';
  let sequence = 0;
  const emit = (event: WireEvent): void => {
    const numbered = { ...event, sequence_number: sequence };
    sequence += 1;
    pending += `event: ${event.type}\ndata: ${JSON.stringify(numbered)}\n\n`;
  };
  const flush = (): boolean => {
    const text = pending;
    pending = '';
    return text === '' || stream === null || stream.write(Buffer.from(text));
  };
  return {
    form: 'objects',
    start(answer) {
      stream = beginEventStream(response, answerHeaders(exchange, answer, { stream: true, ignored }));
      writer = createResponseWriter(newResponse(request, answer.model), emit);
      flush();
    },
    bytes: refuseBytes,
    object(value) {
      const delta = deltaOfChunk(value as unknown as ChatCompletionChunk);
      if (delta !== null) writer?.write(delta);
      return flush();
    },
    end(counts) {
      writer?.finish(counts);
      flush();
      stream?.end();
    },
    error(error) {
      const told = inResponseTerms(error);
      if (writer === null) {
        sendError(exchange, told);
        return;
      }
      writer.fail(told);
      flush();
      stream?.end();
    },
  };
}

function objectSink(
  exchange: DataExchange,
  request: ResponseRequest,
  ignored: readonly string[],
): InferenceSink {
  const { response } = exchange;
  let writer: ResponseWriter | null = null;
  let begun: AnswerStart | null = null;
  return {
    form: 'objects',
    start(answer) {
      begun = answer;
      writer = createResponseWriter(newResponse(request, answer.model), () => {});
    },
    bytes: refuseBytes,
    object(value) {
      const delta = deltaOfAnswer(value as unknown as ChatCompletion);
      if (delta !== null) writer?.write(delta);
      return true;
    },
    end(counts) {
      if (begun === null) return;
      const body = Buffer.from(JSON.stringify(writer?.finish(counts)));
      const headers = answerHeaders(exchange, begun, { stream: false, ignored });
      response.writeHead(200, [...headers, 'content-length', String(body.length)]);
      response.end(body);
    },
    error(error) {
      sendError(exchange, inResponseTerms(error));
    },
  };
}

function newResponse(request: ResponseRequest, model: ServedModel) {
  return beginResponse(
    { id: withPrefix('resp', newId()), createdAtSeconds: Math.floor(Date.now() / 1000), model },
    request,
  );
}

function refuseBytes(): never {
  throw new Error('this sink takes objects');
}
