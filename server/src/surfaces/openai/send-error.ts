import type { ServerResponse } from 'node:http';
import type { SamovarError } from '../../kernel/errors.ts';
import { openaiErrorBody } from './openai-error.ts';

/** Answers with an error before anything else was sent. */
export function sendError(response: ServerResponse, error: SamovarError, requestId: string): void {
  if (response.destroyed || response.headersSent) return;
  const body = Buffer.from(JSON.stringify(openaiErrorBody(error, requestId)));
  const headers: Record<string, string | number> = {
    'content-type': 'application/json',
    'content-length': body.length,
    ...error.headers,
  };
  // Official clients retry every 429 unless told that waiting does not help.
  if (error.code === 'limit.request_too_large') headers['x-should-retry'] = 'false';
  if (error.retryAfterSeconds !== null) {
    headers['retry-after'] = Math.max(1, Math.ceil(error.retryAfterSeconds));
    headers['retry-after-ms'] = Math.max(1, Math.ceil(error.retryAfterSeconds * 1000));
  }
  response.writeHead(error.entry.httpStatus, headers);
  response.end(body);
}
