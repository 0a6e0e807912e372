import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readyBlock } from './ready-block.ts';

const facts = {
  ...{ url: 'http://127.0.0.1:8080', grpcAddress: null, certFile: null, data: '/data', attached: false },
  ...{ key: 'smv_revoked', keyFile: '/data/first-key', failed: [] },
  acceleration: { runsOn: null, unused: null },
};

test('without a key that is accepted the block says so, and its examples take a key of the reader', () => {
  const block = readyBlock({ ...facts, models: null, firstKey: 'refused' });
  assert.match(block, /^Ready\n/);
  assert.match(block, /Key {8}one of yours: what is in \/data\/first-key is not accepted/);
  assert.match(block, /OPENAI_API_KEY="\$SAMOVAR_API_KEY"/);
  assert.doesNotMatch(block, /smv_revoked/);
});

test('a first key that is none any more is not shown where another key could ask for the models', () => {
  const block = readyBlock({ ...facts, models: [], firstKey: 'refused' });
  assert.doesNotMatch(block, /smv_revoked/);
  assert.match(block, /OPENAI_API_KEY="\$SAMOVAR_API_KEY"/);
});

test('a first key that was moved away is said to be missing, and not to be refused', () => {
  const block = readyBlock({ ...facts, key: null, models: null, firstKey: 'missing' });
  assert.match(block, /Key {8}one of yours: none can be read from \/data\/first-key/);
});
