import { defineErrors } from '../error-entry.ts';

export const uploadErrors = defineErrors({
  'upload.offset_mismatch': {
    httpStatus: 409,
    grpcStatus: 'ABORTED',
    message: 'The upload {id} has {received} bytes: a part that begins at {offset} does not follow them.',
    remedy: 'Ask for its state, and go on from `receivedBytes` (the header `Upload-Offset`).',
  },
  'upload.too_long': {
    httpStatus: 400,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'The upload {id} was announced with {sizeBytes} bytes, and more have come.',
    remedy: 'What follows was not kept. Begin a new upload with the size of the whole file.',
  },
  'upload.too_large': {
    httpStatus: 413,
    grpcStatus: 'INVALID_ARGUMENT',
    message:
      'The file {name} of {sizeBytes} bytes is larger than the {limitBytes} bytes that may be uploaded.',
    remedy: 'An administrator can raise SAMOVAR_UPLOAD_LIMIT_GIGABYTES, or the model can come from a bucket.',
  },
  'upload.no_space': {
    httpStatus: 507,
    grpcStatus: 'RESOURCE_EXHAUSTED',
    message:
      'The object store has {freeMegabytes} MB free beside what other uploads have announced, and {neededMegabytes} MB are needed for {name}.',
    remedy: 'Free some space there, delete models or uploads that nobody needs, or keep files in a bucket.',
  },
  'upload.size_mismatch': {
    httpStatus: 409,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'The file with the SHA-256 {sha256} has {knownBytes} bytes, and {sizeBytes} were announced.',
    remedy: 'Announce the size and the digest of the same file.',
  },
  'upload.digest_mismatch': {
    httpStatus: 400,
    grpcStatus: 'DATA_LOSS',
    message: 'The upload {id} has the SHA-256 {found}, and {announced} was announced.',
    remedy: 'It was not kept. Upload the file again.',
  },
  'upload.incomplete': {
    httpStatus: 409,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The upload {id} has {received} of {sizeBytes} bytes.',
    remedy: 'Send the rest first: `PATCH /api/uploads/{id}` from `receivedBytes` on.',
  },
});
