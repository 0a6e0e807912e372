import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { askWorker, type ConformingWorker, textOf } from './conforming-worker.ts';

/** Long prompts and what is kept of earlier ones. */
export function describePrompts(worker: ConformingWorker): void {
  const { chat, chatChunks, health } = askWorker(worker);
  const story = (seed: string, words: number) =>
    Array.from({ length: words }, (_, index) => `${seed}${index % 97}`).join(' ');

  describe('prompts', () => {
    it('may fill the context, and the answer ends with `length` there instead of forgetting', async () => {
      const words = Math.floor(worker.contextTokens / 4);
      const { count } = (
        await worker.client().post('/tokenize', { messages: [{ role: 'user', content: story('w', words) }] })
      ).body as { count: number };
      const fitting = Math.floor((words * (worker.contextTokens - 60)) / Math.max(count, 1));
      const text = story('w', Math.min(fitting, words * 3));
      const { usage, choices } = await chat({ max_completion_tokens: 100_000, logit_bias: {} }, text);
      assert.ok((usage?.total_tokens ?? 0) <= worker.contextTokens);
      if ((usage?.total_tokens ?? 0) === worker.contextTokens)
        assert.equal(choices[0]?.finish_reason, 'length');
    });

    it('that begin like an earlier one are not read again, and answer the same', async () => {
      const messages = [{ role: 'user', content: `${story('alpha', 120)}\nSummarize.` }];
      const cold = await chat({ messages });
      const warm = await chat({ messages });
      assert.ok((warm.usage?.prompt_tokens_details?.cached_tokens ?? 0) > 100, JSON.stringify(warm.usage));
      assert.equal(warm.choices[0]?.message.content, cold.choices[0]?.message.content);
    });

    it('of others do not stop a running stream', async () => {
      const [chunks] = await Promise.all([
        chatChunks({ max_completion_tokens: 40 }, 'Count to twenty.'),
        chat({ max_completion_tokens: 1 }, story('beta', Math.floor(worker.contextTokens / 8))),
      ]);
      assert.ok(textOf(chunks).length > 0);
      assert.equal((await health()).phase, 'ready');
    });
  });
}
