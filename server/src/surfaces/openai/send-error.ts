import type { ServerResponse } from 'node:http';
import { errorHeaders } from '../../kernel/error-headers.ts';
import type { SamovarError } from '../../kernel/errors.ts';
import { openaiErrorBody } from './openai-error.ts';

/** Answers with an error before anything else was sent. */
export function sendError(response: ServerResponse, error: SamovarError, requestId: string): void {
  if (response.destroyed || response.headersSent) return;
  const body = Buffer.from(JSON.stringify(openaiErrorBody(error, requestId)));
  const headers: Record<string, string | number> = {
    ...errorHeaders(error),
    'content-type': 'application/json',
    'content-length': body.length,
  };
  // Official clients prefer it: whole seconds would make them wait longer than they need to.
  if (error.retryAfterSeconds !== null)
    headers['retry-after-ms'] = Math.max(1, Math.ceil(error.retryAfterSeconds * 1000));
  response.writeHead(error.entry.httpStatus, headers);
  response.end(body);
}
