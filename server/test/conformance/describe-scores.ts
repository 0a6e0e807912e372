import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { askWorker, type ConformingWorker } from './conforming-worker.ts';

interface Score {
  readonly logprob: number;
  readonly tokens: number;
}

interface Scored<T> {
  readonly scores: readonly T[];
  readonly usage: { readonly prompt_tokens: number };
}

/** `/score`: likelihoods of given texts behind a prompt. */
export function describeScores(worker: ConformingWorker): void {
  const { refused, idleWithin, health } = askWorker(worker);
  const score = async <T = Score>(body: object): Promise<Scored<T>> => {
    const { status, body: answer } = await worker.client().post('/score', body);
    assert.equal(status, 200, JSON.stringify(answer));
    return answer as Scored<T>;
  };
  const count = async (text: string) =>
    ((await worker.client().post('/tokenize', { text })).body as { count: number }).count;
  const prompt = 'The capital of France is';
  const texts = [' Paris', ' Rome', ' Paris, a city', ' Paris, of course', ' xylophone quantum', ''];

  describe('scores', () => {
    it('of many texts are those of each alone, and tell its tokens', async () => {
      const { scores, usage } = await score({ prompt, continuations: texts });
      for (const [index, text] of texts.entries()) {
        const [alone] = (await score({ prompt, continuations: [text] })).scores;
        assert.equal(scores[index]?.tokens, alone?.tokens);
        assert.equal(scores[index]?.tokens, (await count(prompt + text)) - (await count(prompt)));
        const off = Math.abs((scores[index]?.logprob ?? 0) - (alone?.logprob ?? 0));
        assert.ok(off < 0.15, `${JSON.stringify(text)} is off by ${off}`);
      }
      assert.equal(
        usage.prompt_tokens,
        scores.reduce((sum, { tokens }) => sum + tokens, await count(prompt)),
      );
    });

    it('put what the model would say above what it would not', async () => {
      const { scores } = await score({ prompt, continuations: texts });
      const [paris, rome, city, , nonsense, nothing] = scores.map(({ logprob }) => logprob);
      assert.ok((paris ?? 0) > (rome ?? 0) && (rome ?? 0) > (nonsense ?? 0), JSON.stringify(scores));
      assert.ok((paris ?? 0) > (city ?? 0), 'more text is less likely');
      assert.equal(nothing, 0);
      assert.ok(scores.every(({ logprob }) => logprob <= 0));
    });

    it('of several prompts come as a list for each', async () => {
      const prompts = [prompt, 'The capital of Italy is'];
      const { scores } = await score<Score[]>({ prompts, continuations: [' Paris', ' Rome'] });
      assert.ok((scores[0]?.[0]?.logprob ?? 0) > (scores[0]?.[1]?.logprob ?? 0));
      assert.ok((scores[1]?.[1]?.logprob ?? 0) > (scores[1]?.[0]?.logprob ?? 0));
    });

    it('agree with the log-probabilities of an answer', async () => {
      if (!worker.capabilities.includes('logprobs')) return;
      const { body } = await worker
        .client()
        .post('/v1/completions', { prompt, max_tokens: 3, temperature: 0, logprobs: 0 });
      const [choice] = (body as { choices: { text: string; logprobs: { token_logprobs: number[] } }[] })
        .choices;
      const [alone] = (await score({ prompt, continuations: [choice?.text ?? ''] })).scores;
      const sum = choice?.logprobs.token_logprobs.reduce((a, b) => a + b, 0) ?? 0;
      assert.ok(Math.abs((alone?.logprob ?? 0) - sum) < 0.15, `${alone?.logprob} and ${sum}`);
    });

    it('are cancelled in the middle, and refused where they do not fit', async () => {
      const many = Array.from({ length: 600 }, (_, index) => ` ${index} and ${index * 31}`);
      const answer = worker
        .client()
        .post('/score', { prompt, continuations: many }, { 'x-request-id': 'scoring' });
      while ((await health()).activeRequests === 0) await wait(5);
      await worker.client().post('/cancel', { requestId: 'scoring' });
      assert.deepEqual(((await answer).body as { samovar?: object }).samovar, { cancelled: true });
      await idleWithin(3000);
      const long = 'word '.repeat(worker.contextTokens);
      const { status, code } = await refused('/score', { prompt: long, continuations: ['a'] });
      assert.deepEqual([status, code], [400, 'engine.context_exceeded']);
    });
  });
}
