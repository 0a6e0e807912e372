import { STATUS_CODES } from 'node:http';
import { grpcCodes } from '@samovar/contract/error-entry';
import type { SamovarError } from '../../../kernel/errors.ts';
import type { ErrorBody } from '../../../kernel/ports/http-routes.ts';
import { serverTraceId } from '../../../kernel/server-trace-id.ts';

/** The error body of methods that answer with one message: a google.rpc.Status. */
export const statusErrorBody: ErrorBody = Object.assign(
  (error: SamovarError) => ({
    code: grpcCodes[error.entry.grpcStatus],
    message: error.message,
    details: [],
  }),
  { headers: traceHeaders },
);

/** The error body of methods that answer with a stream, also in the middle of one. */
export const streamErrorBody: ErrorBody = Object.assign(
  (error: SamovarError) => ({
    error: {
      grpcCode: grpcCodes[error.entry.grpcStatus],
      httpCode: error.entry.httpStatus,
      message: error.message,
      httpStatus: STATUS_CODES[error.entry.httpStatus] ?? '',
      details: [],
    },
  }),
  { headers: traceHeaders },
);

/** What errors bear that are answered before a method has the request. */
function traceHeaders(requestId: string): Readonly<Record<string, string>> {
  return { 'x-server-trace-id': serverTraceId(requestId) };
}
