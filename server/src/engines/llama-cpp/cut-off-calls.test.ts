import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startTestWorker } from '../../../test/llama-worker.ts';

const worker = await startTestWorker();
assert.equal(await worker.ready(), 'ready');
after(() => worker.stop());

test('a forced call that is cut off before its name leaves no markup in the answer', async () => {
  for (const max_tokens of [1, 3, 8]) {
    const body = {
      messages: [{ role: 'user', content: 'What time is it?' }],
      tools: [{ type: 'function', function: { name: 'the_time_of_day_in_a_city_somewhere' } }],
      tool_choice: 'required',
      max_tokens,
      seed: 1,
    };
    const whole = await worker.chat(body);
    assert.equal(whole.choices[0]?.finish_reason, 'length');
    assert.ok(!whole.choices[0]?.message.content);
    assert.equal((await worker.stream(body)).content, '');
  }
});
