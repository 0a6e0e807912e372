import assert from 'node:assert/strict';
import { test } from 'node:test';
import { largestUse } from './largest-use.ts';
import { explainMemoryFit, type MemoryFacts, type MemoryWish, memoryNeed } from './memory-fit.ts';

const facts: MemoryFacts = {
  task: 'chat',
  contextTokens: 131_072,
  memory: { weightsBytes: 100_000_000, perSequenceBytes: 500_000_000 },
};
const most = { contextTokens: 131_072, parallelSequences: 4 };
const need = (use: MemoryWish) => memoryNeed(facts, use);
const free = { context: false, sequences: false };
const chosen = (budgetBytes: number, fixed = free) => largestUse({ most, fixed }, need, budgetBytes);

test('the whole context is chosen where it fits, else the longest that does, for as many requests', () => {
  assert.deepEqual(chosen(2.1e9), most);
  const use = chosen(1.3e9);
  assert.deepEqual(use, { contextTokens: 76 * 1024, parallelSequences: 4 });
  assert.ok(memoryNeed(facts, { ...most, contextTokens: 79 * 1024 }) > 1.3e9);
});

test('below 8k of context rather fewer requests run at a time, and then a shorter one', () => {
  assert.deepEqual(chosen(0.17e9), { contextTokens: 8192, parallelSequences: 2 });
  assert.deepEqual(chosen(0.12e9), { contextTokens: 5 * 1024, parallelSequences: 1 });
  assert.equal(chosen(0.1e9), null);
});

test('what is fixed stays', () => {
  assert.deepEqual(chosen(1.3e9, { context: true, sequences: false }), { ...most, parallelSequences: 2 });
  assert.equal(chosen(1.3e9, { context: true, sequences: true }), null);
  assert.deepEqual(chosen(0.12e9, { context: false, sequences: true }), { ...most, contextTokens: 1024 });
});

test('what is told to fit with 8k of context and four requests is loaded with no less', () => {
  for (let budgetBytes = 0; budgetBytes < 3e9; budgetBytes += 7_000_000) {
    const wish = { contextTokens: 8192, parallelSequences: 4 };
    if (!explainMemoryFit(facts, wish, budgetBytes).fits) continue;
    const use = chosen(budgetBytes);
    assert.ok(use !== null && use.contextTokens >= 8192 && use.parallelSequences === 4);
    assert.ok(need(use) <= budgetBytes);
  }
});
