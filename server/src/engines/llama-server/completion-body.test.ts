import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GenerationTask } from '../language-worker/generation/generation-task.ts';
import { defaultSampling } from '../language-worker/sampling-options.ts';
import { grammarBody } from './completion-body.ts';

const task: GenerationTask = {
  priority: 'interactive',
  deadline: null,
  prompt: Uint32Array.of(1),
  maxTokens: 1,
  sampling: { ...defaultSampling, logitBias: new Map(), seed: 0 },
  grammar: null,
  triggeredGrammar: null,
  reproducible: false,
  topLogprobs: null,
  continuations: null,
  onPiece: () => false,
  onEnd: () => undefined,
  onError: () => undefined,
  isPaused: () => false,
};

test('a grammar behind a trigger is told with the trigger in front of it, whatever characters that has', () => {
  const body = grammarBody({
    ...task,
    triggeredGrammar: { trigger: '[CALL]', grammar: { gbnf: 'root ::= "a" b\nb ::= "c"' } },
  });
  assert.deepEqual(body.grammar_triggers, [{ type: 2, value: '\\[CALL\\]' }]);
  assert.equal(body.grammar, 'root ::= "\\x5BCALL\\x5D" behind-trigger\nbehind-trigger ::= "a" b\nb ::= "c"');
});

test('a free answer has no grammar', () => {
  assert.deepEqual(grammarBody(task), {});
});
