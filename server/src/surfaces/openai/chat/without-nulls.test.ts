import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutNulls } from './without-nulls.ts';

test('members that are not known yet are left out, texts that look like them stay', () => {
  const text = 'она сказала: ,"finish_reason":null, "usage":null,';
  const chunk = {
    usage: null,
    choices: [{ index: 0, delta: { content: text }, logprobs: null, finish_reason: null }],
  };
  const events = `data: ${JSON.stringify(chunk)}\n\n`;
  const written = withoutNulls(Buffer.from(events + events)).toString('utf8');
  const expected = { choices: [{ index: 0, delta: { content: text }, logprobs: null }] };
  assert.equal(written, `data: ${JSON.stringify(expected)}\n\n`.repeat(2));
  const last = 'data: {"choices":[{"finish_reason":"stop"}],"usage":{"total_tokens":1}}\n\ndata: [DONE]\n\n';
  assert.equal(withoutNulls(Buffer.from(last)).toString('utf8'), last);
});
