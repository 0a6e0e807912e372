import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asCompletion } from './answer-shapes.ts';
import { askWorker, type ConformingWorker, textOf } from './conforming-worker.ts';

/** Shapes, stop reasons, counts, choices, seeds, log-probabilities. */
export function describeAnswers(worker: ConformingWorker): void {
  const { chat, chatChunks, body } = askWorker(worker);
  const count = async (sent: unknown) =>
    ((await worker.client().post('/tokenize', sent)).body as { count: number }).count;

  describe('answers', () => {
    it('have the published shape and repeat the model’s name', async () => {
      const answer = await chat({});
      assert.equal(answer.model, worker.model);
      assert.ok((answer.choices[0]?.message.content ?? '').length > 0);
    });

    it('end with `length` exactly at the limit and count what was generated', async () => {
      for (const limit of [1, 7]) {
        const { choices, usage } = await chat(
          { max_completion_tokens: limit },
          'Write a very long story about a dragon.',
        );
        assert.equal(choices[0]?.finish_reason, 'length');
        assert.equal(usage?.completion_tokens, limit);
        assert.equal(usage?.total_tokens, (usage?.prompt_tokens ?? 0) + limit);
      }
    });

    it('end with `stop` when the model is done', async () => {
      const { choices } = await chat({ max_completion_tokens: 300 }, 'Say only the word yes.');
      assert.equal(choices[0]?.finish_reason, 'stop');
    });

    it('end before a stop string and never show a part of it, streamed or not', async () => {
      const whole = (await chat({ max_completion_tokens: 40 })).choices[0]?.message.content ?? '';
      const stop = whole.slice(8, 13);
      const expected = whole.slice(0, whole.indexOf(stop));
      const { choices } = await chat({ max_completion_tokens: 40, stop: [stop, 'never to be seen'] });
      assert.equal(choices[0]?.finish_reason, 'stop');
      assert.equal(choices[0]?.message.content, expected);
      assert.equal(textOf(await chatChunks({ max_completion_tokens: 40, stop })), expected);
    });

    it('count prompts as /tokenize does', async () => {
      const messages = [
        { role: 'system', content: 'Answer briefly. 简短回答 🙂' },
        { role: 'user', content: 'What is <b>HTML</b>?' },
        { role: 'assistant', content: 'A language.' },
        { role: 'user', content: 'Whose?' },
      ];
      const { usage } = await chat({ messages });
      assert.equal(usage?.prompt_tokens, await count({ messages }));
    });

    it('are equal for equal seeds on an idle worker, and differ for others', async () => {
      const draw = async (seed: number) =>
        (await chat({ seed, temperature: 1.2 }, 'Tell a story.')).choices[0]?.message.content;
      const first = await draw(7);
      assert.equal(await draw(7), first);
      assert.notEqual(await draw(8), first);
      assert.equal(
        (await chat({})).choices[0]?.message.content,
        (await chat({})).choices[0]?.message.content,
      );
    });

    it('come as often as `n` asks, the prompt counted once', async () => {
      const { choices, usage } = await chat({ n: 3, temperature: 1, max_completion_tokens: 5 });
      assert.deepEqual(
        choices.map(({ index }) => index),
        [0, 1, 2],
      );
      assert.ok((usage?.completion_tokens ?? 0) > 3 && (usage?.completion_tokens ?? 0) <= 15);
      assert.equal(usage?.prompt_tokens, await count({ messages: body({}).messages }));
    });

    it('follow a bias of tokens', async () => {
      const { tokens } = (await worker.client().post('/tokenize', { text: ' banana' })).body as {
        tokens: number[];
      };
      const [token = -1] = tokens;
      const { choices } = await chat({ logit_bias: { [token]: 100 }, max_completion_tokens: 3 });
      assert.match(choices[0]?.message.content ?? '', /( \w+)\1\1/);
    });

    it('of plain completions have their own shape', async () => {
      const { status, body: answer } = await worker.client().post('/v1/completions', {
        model: worker.model,
        prompt: ['The capital of France is', 'One plus one is'],
        max_tokens: 4,
        temperature: 0,
      });
      assert.equal(status, 200);
      const { choices, usage } = asCompletion(answer);
      assert.equal(choices.length, 2);
      assert.equal(usage?.completion_tokens, 8);
      assert.match(choices[0]?.text ?? '', /Paris/);
    });

    it('keep characters whole that span several tokens', async () => {
      const sentence = 'Ünï → 漢字 🙂👩‍👩‍👧 ы';
      const { tokens } = (await worker.client().post('/tokenize', { text: sentence })).body as {
        tokens: number[];
      };
      assert.ok(tokens.length > 10);
      const extra = { temperature: 1.5, top_k: 0, seed: 3, max_completion_tokens: 64 };
      const chunks = await chatChunks(extra, `Repeat: ${sentence} 🙂🙂🙂 漢字漢字`);
      // Each event must be well formed by itself: the client's decoder is strict.
      for (const chunk of chunks) assert.ok((chunk.choices[0]?.delta.content ?? '').isWellFormed());
      assert.equal(
        textOf(chunks),
        (await chat(extra, `Repeat: ${sentence} 🙂🙂🙂 漢字漢字`)).choices[0]?.message.content,
      );
    });
  });

  if (worker.capabilities.includes('logprobs')) {
    describe('log-probabilities', () => {
      it('tell each token of the text, the best ones in order, and add up to at most one', async () => {
        // Without the model's own penalty of repetition, which may prefer another token than the best one.
        const free = { repetition_penalty: 1, max_completion_tokens: 8 };
        const { choices } = await chat({ ...free, logprobs: true, top_logprobs: 5 });
        const content = choices[0]?.logprobs?.content ?? [];
        assert.equal(content.length, 8);
        assert.equal(content.map(({ token }) => token).join(''), choices[0]?.message.content);
        for (const { logprob, token, top_logprobs: top } of content) {
          assert.equal(top.length, 5);
          assert.ok(
            top.every((other, index) => index === 0 || other.logprob <= (top[index - 1]?.logprob ?? 0)),
          );
          // Greedy: the token is the best one.
          assert.equal(top[0]?.token, token);
          assert.equal(top[0]?.logprob, logprob);
          assert.ok(top.reduce((sum, other) => sum + Math.exp(other.logprob), 0) < 1.0001);
        }
      });
      it('are of the model before sampling: the temperature does not change them', async () => {
        const first = async (temperature: number) =>
          (await chat({ logprobs: true, top_logprobs: 3, max_completion_tokens: 1, temperature, seed: 1 }))
            .choices[0]?.logprobs?.content?.[0]?.top_logprobs;
        assert.deepEqual(await first(0), await first(1.7));
      });
      it('come with a stream as without', async () => {
        const chunks = await chatChunks({ logprobs: true, max_completion_tokens: 6 });
        const streamed = chunks
          .flatMap(({ choices }) => choices[0]?.logprobs?.content ?? [])
          .map(({ token }) => token);
        const { choices } = await chat({ logprobs: true, max_completion_tokens: 6 });
        assert.deepEqual(
          streamed,
          choices[0]?.logprobs?.content?.map(({ token }) => token),
        );
      });
    });
  }
}
