import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { SamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { ErrorBody } from '../../kernel/ports/http-routes.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { answerRaw } from './raw-answer.ts';

/** Answers connections whose bytes never became a request: too slow, too large a head, or not HTTP at all. */
export function answerClientErrors(
  server: Server,
  headersLimitBytes: number,
  { errorBody, log }: { readonly errorBody: ErrorBody; readonly log: Log },
): void {
  server.on('clientError', (thrown: NodeJS.ErrnoException, socket: Socket) => {
    if (thrown.code === 'ECONNRESET' || thrown.code === 'EPIPE' || !socket.writable) {
      socket.destroy();
      return;
    }
    const error = clientError(thrown, headersLimitBytes);
    const requestId = newId();
    log.debug({ requestId, code: error.code, reason: thrown.code }, 'A connection sent no valid request');
    answerRaw(socket, error, errorBody, requestId);
  });
}

function clientError(thrown: NodeJS.ErrnoException, headersLimitBytes: number): SamovarError {
  if (thrown.code === 'ERR_HTTP_REQUEST_TIMEOUT') return new SamovarError('request.timeout');
  if (thrown.code === 'HPE_HEADER_OVERFLOW')
    return new SamovarError('request.headers_too_large', { params: { limitBytes: headersLimitBytes } });
  return new SamovarError('request.invalid', {
    params: { parameter: 'request', reason: 'it is not valid HTTP/1.1.' },
  });
}
