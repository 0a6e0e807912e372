import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completionText } from './completion-text.ts';

test('an answered request is told as people read it: by whom, what it took, and what was said', () => {
  const call = { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } };
  const text = completionText({
    model: 'm',
    counts: { inputTokens: 7, outputTokens: 3 },
    answer: {
      choices: [
        { finish_reason: 'stop', message: { role: 'assistant', content: 'Hello.' } },
        { finish_reason: 'tool_calls', message: { role: 'assistant', content: null, tool_calls: [call] } },
      ],
    },
  });
  assert.deepEqual(text, {
    facts: [
      ['answered by', 'm'],
      ['tokens', '7 in, 3 out'],
      ['ended by', 'stop, tool_calls'],
    ],
    said: ['Hello.', 'weather({"city":"Oslo"})'],
  });
  assert.equal(completionText({ files: 3 }), null);
});
