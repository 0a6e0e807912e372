import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { signUrl, verifySignedUrl } from './signed-url.ts';

const signer = { signingKey: randomBytes(32), publicUrl: 'https://models.example.org/samovar' };

test('a signed URL opens its object for its action until it expires', () => {
  const url = signUrl(signer, 'files/one.bin', 'get', 1000);
  assert.equal(verifySignedUrl(signer, url, 'get', 999), 'files/one.bin');
  assert.equal(verifySignedUrl(signer, url, 'put', 999), null);
  assert.equal(verifySignedUrl(signer, url, 'get', 1000), null);
});

test('a changed or foreign signed URL opens nothing', () => {
  const url = signUrl(signer, 'files/one.bin', 'get', 1000);
  assert.equal(verifySignedUrl(signer, url.replace('one', 'two'), 'get', 1), null);
  assert.equal(verifySignedUrl(signer, url.replace('expires=1000', 'expires=9000'), 'get', 1), null);
  assert.equal(verifySignedUrl(signer, url.replace(/signature=..../, 'signature=0000'), 'get', 1), null);
  assert.equal(verifySignedUrl({ ...signer, signingKey: randomBytes(32) }, url, 'get', 1), null);
  assert.equal(verifySignedUrl(signer, 'not a url at all', 'get', 1), null);
});
