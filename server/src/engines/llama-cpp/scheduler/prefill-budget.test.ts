import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrefillBudget } from './prefill-budget.ts';

/** A processor on which a step costs `stepMs` and each token of a prompt `tokenMs` more. */
function run(stepMs: number, tokenMs: number) {
  const budget = createPrefillBudget({ chunkTokens: 64, leastTokens: 8 });
  for (let step = 0; step < 50; step += 1) {
    const prefilled = step % 2 === 0 ? 0 : budget.tokensBeside(1);
    budget.observe({ decoding: 1, prefilled, durationMs: stepMs + prefilled * tokenMs });
  }
  return budget.tokensBeside(1);
}

test('a running stream is slowed at most threefold on slow processors, and prompts fly on fast ones', () => {
  assert.equal(run(10, 5), 4);
  assert.equal(run(10, 40), 1);
  assert.equal(run(5, 0.01), 64);
});
