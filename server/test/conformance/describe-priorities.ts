import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { asChatCompletion } from './answer-shapes.ts';
import { askWorker, type ConformingWorker } from './conforming-worker.ts';

/** Background requests give way to interactive ones, and lose nothing by it. */
export function describePriorities(worker: ConformingWorker): void {
  const { chat, body, health, idleWithin } = askWorker(worker);
  const path = '/v1/chat/completions';
  const background = { 'x-samovar-priority': 'background' };
  const story = 'Write a very long story about a dragon.';
  const ask = async (extra: Record<string, unknown>, text: string) => {
    const { status, body: answer } = await worker.client().post(path, body(extra, text), background);
    assert.equal(status, 200, JSON.stringify(answer));
    return asChatCompletion(answer);
  };

  /** All tokens that were asked for, or fewer because the model had said all. */
  const endedWhole = ({ choices, usage }: ReturnType<typeof asChatCompletion>, asked: number) => {
    const tokens = usage?.completion_tokens ?? 0;
    if (choices[0]?.finish_reason === 'stop') assert.ok(tokens > 1 && tokens <= asked, `${tokens} tokens`);
    else assert.deepEqual([choices[0]?.finish_reason, tokens], ['length', asked]);
  };

  describe('priorities', () => {
    it('let an interactive request be answered before background ones that came first', async () => {
      let ended = 0;
      const running = Array.from({ length: worker.slots + 2 }, (_, index) =>
        ask({ max_completion_tokens: 90 }, `${index} ${story}`).then((answer) => {
          ended += 1;
          return answer;
        }),
      );
      while ((await health()).queuedRequests === 0) await wait(5);
      await chat({ max_completion_tokens: 2 });
      assert.equal(ended, 0, 'it waited for none of them');
      for (const answer of await Promise.all(running)) endedWhole(answer, 90);
      await idleWithin(1000);
    });

    it('change nothing about an answer', async () => {
      const alone = (await chat({ max_completion_tokens: 20 }, story)).choices[0]?.message.content;
      const answer = await ask({ max_completion_tokens: 20 }, story);
      assert.equal(answer.choices[0]?.message.content, alone);
      assert.equal(answer.choices[0]?.finish_reason, 'length');
    });
  });
}
