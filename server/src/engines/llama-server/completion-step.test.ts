import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asStep } from './completion-step.ts';

const step = { content: '', tokens: [0], tokens_predicted: 0, stop: false };

test('an event of the prompt’s progress adds no token, and tells how many came from the cache', () => {
  const { tokens, cachedTokens, end } = asStep({ ...step, prompt_progress: { cache: 7, total: 9 } });
  assert.deepEqual([tokens, cachedTokens, end], [[], 7, null]);
});

test('the last event tells why the answer ended', () => {
  const { end, cachedTokens } = asStep({ ...step, stop: true, stop_type: 'eos', timings: { cache_n: 3 } });
  assert.deepEqual([end, cachedTokens], ['eos', 3]);
});

test('what has no tokens is refused', () => {
  assert.throws(() => asStep({ error: 'no' }), /something unknown/);
});
