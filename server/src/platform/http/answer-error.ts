import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorHeaders } from '../../kernel/error-headers.ts';
import type { SamovarError } from '../../kernel/errors.ts';
import type { HttpAnswer } from '../../kernel/ports/http-answer.ts';
import type { ErrorBody } from '../../kernel/ports/http-routes.ts';

const lingerMs = 1000;

export interface ErrorAnswer {
  readonly error: SamovarError;
  readonly errorBody: ErrorBody;
  readonly requestId: string;
}

/**
 * Writes an error as the whole answer. A request whose body is still arriving is read and thrown away for a
 * moment before the connection is closed, so that the client sees the answer instead of a reset.
 */
export function answerError(request: IncomingMessage, response: ServerResponse, answer: ErrorAnswer): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { error } = answer;
  const body = Buffer.from(JSON.stringify(answer.errorBody(error, answer.requestId)));
  const headers = { ...errorHeaders(error), ...answer.errorBody.headers?.(answer.requestId) };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', body.length);
  response.statusCode = error.entry.httpStatus;
  if (request.complete) {
    response.end(body);
    return;
  }
  response.setHeader('connection', 'close');
  response.write(body);
  const timer = setTimeout(() => response.end(), lingerMs);
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  request.once('end', end);
  request.once('close', end);
  request.resume();
}

/** Writes an error as the whole answer to a request that was read whole. */
export function answerWholeError(
  answer: HttpAnswer,
  commonHeaders: readonly string[],
  { error, errorBody, requestId }: ErrorAnswer,
): void {
  if (answer.begun) {
    answer.destroy();
    return;
  }
  const own = { ...errorHeaders(error), ...errorBody.headers?.(requestId) };
  const headers = [...commonHeaders, ...Object.entries(own).flat(), 'content-type', 'application/json'];
  answer.send(error.entry.httpStatus, headers, Buffer.from(JSON.stringify(errorBody(error, requestId))));
}
