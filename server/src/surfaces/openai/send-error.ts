import { errorHeaders } from '../../kernel/error-headers.ts';
import type { SamovarError } from '../../kernel/errors.ts';
import type { DataExchange } from '../../kernel/ports/http-routes.ts';
import { openaiErrorBody } from './openai-error.ts';

/** Answers with an error before anything else was sent. */
export function sendError(exchange: DataExchange, error: SamovarError): void {
  const { answer, requestId } = exchange;
  if (answer.closed || answer.begun) return;
  const body = Buffer.from(JSON.stringify(openaiErrorBody(error, requestId)));
  const headers = [
    ...exchange.commonHeaders,
    ...Object.entries(errorHeaders(error)).flat(),
    'content-type',
    'application/json',
  ];
  // Official clients prefer it: whole seconds would make them wait longer than they need to.
  if (error.retryAfterSeconds !== null)
    headers.push('retry-after-ms', String(Math.max(1, Math.ceil(error.retryAfterSeconds * 1000))));
  answer.send(error.entry.httpStatus, headers, body);
}
