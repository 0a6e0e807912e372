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
