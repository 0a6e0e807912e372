import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isConnectionFailure } from './postgres-error.ts';

function failure(code: string, syscall?: string): Error {
  return Object.assign(new Error(code), { code, ...(syscall === undefined ? {} : { syscall }) });
}

test('PostgreSQL counts as away for what happens to connections, not to files, disks or statements', () => {
  for (const code of [
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'ENOTFOUND',
    '57P01',
    '08006',
    '53300',
  ])
    assert.ok(isConnectionFailure(failure(code)), code);
  for (const code of ['ERR_TLS_CERT_ALTNAME_INVALID', 'SELF_SIGNED_CERT_IN_CHAIN', 'CERT_HAS_EXPIRED'])
    assert.ok(isConnectionFailure(failure(code)), code);
  for (const code of ['ENOENT', 'EACCES']) {
    assert.ok(isConnectionFailure(failure(code, 'connect')), code);
    assert.ok(!isConnectionFailure(failure(code, 'open')), code);
  }
  for (const code of ['ENOSPC', 'EIO', 'EEXIST', 'EMFILE', 'ERR_INVALID_ARG_TYPE', '23505', '42P01'])
    assert.ok(!isConnectionFailure(failure(code)), code);
});
