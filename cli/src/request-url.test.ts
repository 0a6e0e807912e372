import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError, exitStatus } from './command-error.ts';
import { requestUrl } from './request-url.ts';

const base = 'http://127.0.0.1:8080';

test('names reach their own route alone: what leads elsewhere is refused before anything is sent', () => {
  for (const path of [
    '/api/aliases/../models/victim',
    '/api/aliases/..',
    '/api/models/.',
    '/api/keys/a/../../models/b',
    '/api/aliases/%2e%2e/models/b',
    '/api/aliases/x\\y',
    '//elsewhere/api',
  ])
    assert.throws(
      () => requestUrl(path, base),
      (error) => error instanceof CommandError && error.status === exitStatus.usage,
      path,
    );
});

test('odd names are names', () => {
  for (const name of ['a.b', '..a', 'a..', "it's (1)!", 'ä', 'a b', '%2e%2e', 'a?b#c']) {
    const url = requestUrl(`/api/models/${encodeURIComponent(name)}?limit=1`, base);
    assert.equal(decodeURIComponent(url.pathname), `/api/models/${name}`);
    assert.equal(url.search, '?limit=1');
  }
  assert.equal(requestUrl('/api/aliases/name/rc@x', base).pathname, '/api/aliases/name/rc@x');
});
