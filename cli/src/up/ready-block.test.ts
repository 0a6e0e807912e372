import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readyBlock } from './ready-block.ts';

test('without a key that is accepted the block says so, and its examples take a key of the reader', () => {
  const block = readyBlock({
    ...{ url: 'http://127.0.0.1:8080', grpcAddress: null, certFile: null, data: '/data', attached: false },
    ...{ key: 'smv_revoked', keyFile: '/data/first-key', models: null, failed: [] },
    acceleration: { runsOn: null, unused: null },
  });
  assert.match(block, /^Ready\n/);
  assert.match(block, /Key {8}one of yours: what is in \/data\/first-key is not accepted/);
  assert.match(block, /OPENAI_API_KEY="\$SAMOVAR_API_KEY"/);
  assert.doesNotMatch(block, /smv_revoked/);
});
