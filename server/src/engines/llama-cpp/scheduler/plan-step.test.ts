import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GenerationTask } from '../../language-worker/generation/generation-task.ts';
import { defaultSampling } from '../../language-worker/sampling-options.ts';
import { isHeldBack, planStep } from './plan-step.ts';
import type { PrefillBudget } from './prefill-budget.ts';
import { createSlot, type Slot } from './slot.ts';

const budget: PrefillBudget = { tokensBeside: () => 3, tokensInPassing: () => 2, observe: () => undefined };
const promptTokens = 20;

/** A slot whose task has `answered` tokens of an answer, and `length` tokens in its cache. */
function slotOf(
  index: number,
  priority: GenerationTask['priority'],
  state: { readonly answered: number; readonly length: number },
): Slot {
  const task: GenerationTask = {
    priority,
    deadline: null,
    prompt: Uint32Array.from({ length: promptTokens }, (_, place) => place),
    maxTokens: 9,
    reproducible: false,
    topLogprobs: null,
    continuations: null,
    sampling: { ...defaultSampling, logitBias: new Map(), seed: 0 },
    grammar: null,
    triggeredGrammar: null,
    onPiece: () => true,
    onEnd: () => undefined,
    onError: () => undefined,
    isPaused: () => false,
  };
  const slot = createSlot(index, 64, 8);
  slot.length = state.length;
  slot.lastUse = index;
  slot.active = {
    task,
    sampler: { sample: async () => 0, follow: () => undefined, dispose: () => undefined },
    lazyGrammar: null,
    walk: null,
    exact: false,
    cachedTokens: 0,
    answer: Uint32Array.from([101, 102, 103, 104, 105, 106, 107, 108, 109]),
    answerTokens: state.answered,
    cancelled: false,
  };
  return slot;
}

const reading = { answered: 0, length: 5 };
const writing = { answered: 4, length: promptTokens + 3 };
const planned = (slots: readonly Slot[], turnOfBackground = false) =>
  planStep(slots, budget, turnOfBackground)?.entries.map(({ slot, tokens }) => [slot, tokens.length]);

test('while an interactive prompt is read, background work stands still and interactive streams go on', () => {
  const slots = [
    slotOf(0, 'background', writing),
    slotOf(1, 'background', reading),
    slotOf(2, 'interactive', writing),
    slotOf(3, 'interactive', reading),
  ];
  assert.deepEqual(planned(slots), [
    [2, 1],
    [3, 3],
  ]);
  assert.equal(isHeldBack(slots), true);
  const turn = planned(slots, true);
  assert.deepEqual(turn, [
    [2, 1],
    [0, 1],
    [1, 2],
  ]);
});

test('beside interactive streams background work goes on, its prompts in passing', () => {
  const slots = [slotOf(0, 'background', reading), slotOf(1, 'interactive', writing)];
  assert.deepEqual(planned(slots), [
    [1, 1],
    [0, 2],
  ]);
  assert.equal(isHeldBack(slots), false);
});

test('an interactive prompt alone is read in whole pieces', () => {
  assert.deepEqual(planned([slotOf(0, 'interactive', reading)]), [[0, 3]]);
  assert.deepEqual(planned([slotOf(0, 'interactive', { answered: 0, length: 8 })]), [[0, 8]]);
});

test('a task that lost its slot is caught up with: its prompt and its answer so far, logits for the last alone', () => {
  const plan = planStep(
    [slotOf(0, 'background', { answered: 4, length: 19 })],
    { ...budget, tokensInPassing: () => 16 },
    false,
  );
  const [entry] = plan?.entries ?? [];
  assert.deepEqual([...(entry?.tokens ?? [])], [19, 101, 102, 103, 104]);
  assert.deepEqual(entry?.logitsAt, [4]);
  assert.equal(plan?.decoding, 0);
});
