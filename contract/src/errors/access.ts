import { defineErrors } from '../error-entry.ts';

export const accessErrors = defineErrors({
  'access.key_missing': {
    httpStatus: 401,
    grpcStatus: 'UNAUTHENTICATED',
    message: 'No API key was given.',
    remedy:
      'Send the header `Authorization: Bearer <key>`. The first key of an installation is in the file `first-key` in the data folder; `samovar keys create` makes another, and `samovar keys recover` one for the owner of the data folder who has none.',
  },
  'access.key_invalid': {
    httpStatus: 401,
    grpcStatus: 'UNAUTHENTICATED',
    message: 'The API key is not valid: it is unknown, expired or revoked.',
    remedy:
      'Check the key, or make a new one with `samovar keys create`; `samovar keys recover` makes one for the owner of the data folder who has none.',
  },
  'access.forbidden': {
    httpStatus: 403,
    grpcStatus: 'PERMISSION_DENIED',
    message: 'This key lacks the permission {permission}.',
    remedy: 'Use a key that has this permission; `samovar keys create --permission {permission}` makes one.',
  },
  'access.last_manager': {
    httpStatus: 409,
    grpcStatus: 'FAILED_PRECONDITION',
    message: '{key} is the last valid key of this project that may manage keys.',
    remedy: 'Make another key with the permission `keys.manage` first, or revoke this one with `--force`.',
  },
});
