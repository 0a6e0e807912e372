import { defineErrors } from '../error-entry.ts';

export const accessErrors = defineErrors({
  'access.key_missing': {
    httpStatus: 401,
    grpcStatus: 'UNAUTHENTICATED',
    message: 'No API key was given.',
    remedy:
      'Send the header `Authorization: Bearer <key>`. The first key of an installation is in the file `first-key` in the data folder; `samovar keys create` makes another.',
  },
  'access.key_invalid': {
    httpStatus: 401,
    grpcStatus: 'UNAUTHENTICATED',
    message: 'The API key is not valid: it is unknown, expired or revoked.',
    remedy: 'Check the key, or make a new one with `samovar keys create`.',
  },
  'access.forbidden': {
    httpStatus: 403,
    grpcStatus: 'PERMISSION_DENIED',
    message: 'This key lacks the permission {permission}.',
    remedy: 'Use a key that has this permission; `samovar keys create --permission {permission}` makes one.',
  },
});
