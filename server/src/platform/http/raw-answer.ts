import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { errorHeaders } from '../../kernel/error-headers.ts';
import type { SamovarError } from '../../kernel/errors.ts';
import type { ErrorBody } from '../../kernel/ports/http-routes.ts';

const lingerMs = 1000;

/** Answers on a bare connection, where no HTTP request was understood, and closes it. */
export function answerRaw(
  socket: Socket,
  error: SamovarError,
  errorBody: ErrorBody,
  requestId: string,
): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.entry.httpStatus;
  const body = JSON.stringify(errorBody(error, requestId));
  const headers: Record<string, string> = {
    ...errorHeaders(error),
    'x-request-id': requestId,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const head = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head}\r\n${body}`);
  socket.resume();
  setTimeout(() => socket.destroy(), lingerMs).unref();
}
