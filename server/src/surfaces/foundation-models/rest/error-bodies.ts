import { STATUS_CODES } from 'node:http';
import { grpcCodes } from '@samovar/contract/error-entry';
import type { SamovarError } from '../../../kernel/errors.ts';
import type { ErrorBody } from '../../../kernel/ports/http-routes.ts';

/** The error body of methods that answer with one message: a google.rpc.Status. */
export const statusErrorBody: ErrorBody = (error) => ({
  code: grpcCodes[error.entry.grpcStatus],
  message: error.message,
  details: [],
});

/** The error body of methods that answer with a stream, also in the middle of one. */
export const streamErrorBody: ErrorBody = (error: SamovarError) => ({
  error: {
    grpcCode: grpcCodes[error.entry.grpcStatus],
    httpCode: error.entry.httpStatus,
    message: error.message,
    httpStatus: STATUS_CODES[error.entry.httpStatus] ?? '',
    details: [],
  },
});
