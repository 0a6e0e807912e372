import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutSecrets } from '../../../kernel/without-secrets.ts';
import { explainRemote } from './remote-error.ts';

const headers = ['authorization', 'Bearer sekret-KEY-1', 'x-tenant', 'a', 'x-own', 'other-secret'];

test('what an engine says is shown without the key and the headers that we send it', () => {
  assert.equal(
    withoutSecrets('no: sekret-KEY-1, Bearer sekret-KEY-1, other-secret; a tenant', headers),
    'no: [hidden], [hidden], [hidden]; a tenant',
  );
  assert.equal(withoutSecrets('nothing of them', headers), 'nothing of them');
});

test('a refusal that repeats the key of its engine reaches neither the caller nor the log with it', () => {
  const target = { engineName: 'gpu', upstreamModel: 'm', headers };
  const explain = explainRemote(target, '/v1/chat/completions');
  for (const status of [400, 404, 422, 429, 500, 503]) {
    const body = Buffer.from(
      JSON.stringify({ error: { message: 'no: Bearer sekret-KEY-1', param: 'other-secret' } }),
    );
    const error = explain({ status, body, retryAfterSeconds: null });
    const shown = JSON.stringify([error.message, error.params, error.field, String(error.cause)]);
    assert.doesNotMatch(shown, /sekret|other-secret/, `${status}: ${shown}`);
  }
});
