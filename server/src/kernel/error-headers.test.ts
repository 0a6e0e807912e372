import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorHeaders } from './error-headers.ts';
import { SamovarError } from './errors.ts';

test('an error tells when to come back in whole seconds, and every 503 does', () => {
  assert.deepEqual(errorHeaders(new SamovarError('limit.requests', { retryAfterSeconds: 0.2 })), {
    'retry-after': '1',
  });
  assert.deepEqual(errorHeaders(new SamovarError('engine.busy', { retryAfterSeconds: 1.2 })), {
    'retry-after': '2',
  });
  assert.deepEqual(errorHeaders(new SamovarError('engine.load_failed')), { 'retry-after': '1' });
  assert.deepEqual(errorHeaders(new SamovarError('request.invalid')), {});
});

test('a missing key is asked for, and headers of the error itself are kept', () => {
  assert.deepEqual(errorHeaders(new SamovarError('access.key_invalid')), { 'www-authenticate': 'Bearer' });
  const error = new SamovarError('request.method_not_allowed', { headers: { allow: 'POST' } });
  assert.deepEqual(errorHeaders(error), { allow: 'POST' });
});
