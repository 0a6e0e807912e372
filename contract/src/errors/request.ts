import { defineErrors } from '../error-entry.ts';

export const requestErrors = defineErrors({
  'request.malformed_json': {
    httpStatus: 400,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'The body is not valid JSON: {reason}',
    remedy: 'Send one JSON object encoded in UTF-8.',
  },
  'request.invalid': {
    httpStatus: 400,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'Invalid value for `{parameter}`: {reason}',
    remedy: 'The documentation of the endpoint lists what each parameter takes.',
  },
  'request.missing_parameter': {
    httpStatus: 400,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'Missing required parameter: `{parameter}`.',
    remedy: 'Send it; the documentation of the endpoint lists the required parameters.',
  },
  'request.unknown_parameter': {
    httpStatus: 400,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'Unknown parameter: `{parameter}`.',
    remedy: 'Check the spelling; docs/reference/parameters.md lists every parameter and how it is treated.',
  },
  'request.unsupported_parameter': {
    httpStatus: 400,
    grpcStatus: 'INVALID_ARGUMENT',
    message: '`{parameter}` is not supported: {reason}',
    remedy: 'Leave the parameter out; docs/reference/parameters.md lists how every parameter is treated.',
  },
  'request.body_too_large': {
    httpStatus: 413,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'The body is larger than the limit of {limitBytes} bytes.',
    remedy: 'Send less at once, or raise SAMOVAR_BODY_LIMIT_BYTES.',
  },
  'request.headers_too_large': {
    httpStatus: 431,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'The headers of the request are larger than the limit of {limitBytes} bytes.',
    remedy: 'Send fewer or shorter headers.',
  },
  'request.expectation_failed': {
    httpStatus: 417,
    grpcStatus: 'UNIMPLEMENTED',
    message: 'The server cannot do what the header `Expect` asks for.',
    remedy: 'Send `Expect: 100-continue`, or leave the header out.',
  },
  'request.tls_required': {
    httpStatus: 400,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'This port speaks TLS, and the request came without it.',
    remedy: 'Use an address that begins with https://.',
  },
  'request.unsupported_media_type': {
    httpStatus: 415,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'The content type `{contentType}` is not supported.',
    remedy: 'Send `Content-Type: application/json`.',
  },
  'request.route_not_found': {
    httpStatus: 404,
    grpcStatus: 'UNIMPLEMENTED',
    message: 'Unknown request URL: {method} {path}.',
    remedy: 'Check the address and the method; /openapi.json lists every route.',
  },
  'request.method_not_allowed': {
    httpStatus: 405,
    grpcStatus: 'UNIMPLEMENTED',
    message: '{method} is not allowed here.',
    remedy: 'The header `Allow` names the methods of this address.',
  },
  'request.address_refused': {
    httpStatus: 400,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'The address {address} may not be reached from here: it is {kind}, not public.',
    remedy:
      'Whoever runs this installation can allow it: put the host, `host:port` or a CIDR range into SAMOVAR_OUTBOUND_ALLOW and start it again.',
  },
  'request.idempotency_mismatch': {
    httpStatus: 409,
    grpcStatus: 'ABORTED',
    message: 'This Idempotency-Key was used with a different request.',
    remedy: 'Use a new key for a new request.',
  },
  'request.idempotency_in_progress': {
    httpStatus: 409,
    grpcStatus: 'ABORTED',
    message: 'A request with this Idempotency-Key is still being carried out.',
    remedy: 'Retry shortly to get its answer.',
  },
  'request.timeout': {
    httpStatus: 408,
    grpcStatus: 'DEADLINE_EXCEEDED',
    message: 'The request was not received completely in time.',
    remedy: 'Send the request again, faster or smaller.',
  },
  'request.malformed_message': {
    httpStatus: 400,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'The request message cannot be read: {reason}',
    remedy: 'Send one message of the type that the method takes; server reflection describes it.',
  },
  'request.unsupported_encoding': {
    httpStatus: 415,
    grpcStatus: 'UNIMPLEMENTED',
    message: 'Messages compressed with `{encoding}` are not understood.',
    remedy: 'Compress with gzip or deflate, or not at all.',
  },
  'request.answer_too_large': {
    httpStatus: 413,
    grpcStatus: 'RESOURCE_EXHAUSTED',
    message: 'The answer would be larger than the limit of {limitBytes} bytes.',
    remedy: 'Ask for less at once, or raise SAMOVAR_BODY_LIMIT_BYTES.',
  },
  'request.unknown_rpc': {
    httpStatus: 404,
    grpcStatus: 'UNIMPLEMENTED',
    message: 'There is no gRPC method {path}.',
    remedy: 'Check its name; server reflection lists every service and method.',
  },
  'request.deadline_exceeded': {
    httpStatus: 504,
    grpcStatus: 'DEADLINE_EXCEEDED',
    message: 'The deadline that the client set passed before the answer was complete.',
    remedy: 'Allow more time, or ask for a shorter answer.',
  },
  'request.not_found': {
    httpStatus: 404,
    grpcStatus: 'NOT_FOUND',
    message: 'There is no {kind} `{id}`.',
    remedy: 'Check the identifier.',
  },
  'request.model_uri_invalid': {
    httpStatus: 400,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'invalid model_uri: {reason}',
    remedy:
      'Write it as `gpt://<folder>/<model>/<branch>`, `emb://…` or `cls://…`; the folder may be empty, `0`, or the id or name of the project of the key.',
  },
  'request.folder_mismatch': {
    httpStatus: 400,
    grpcStatus: 'INVALID_ARGUMENT',
    message: "Specified folder ID '{folder}' does not match with service account folder ID '{own}'",
    remedy:
      'A folder is a project, and each key belongs to one: leave the folder empty, write `0`, or name the project of the key.',
  },
  'request.not_implemented': {
    httpStatus: 501,
    grpcStatus: 'UNIMPLEMENTED',
    message: '{method} is not served: {reason}',
    remedy: 'docs/guides/foundation-models.md lists what is served.',
  },
});
