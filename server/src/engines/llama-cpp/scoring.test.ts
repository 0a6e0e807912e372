import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pause, startTestWorker } from '../../../test/llama-worker.ts';

interface Score {
  readonly logprob: number;
  readonly tokens: number;
}

interface Usage {
  readonly prompt_tokens: number;
}

let worker: Awaited<ReturnType<typeof startTestWorker>>;

before(async () => {
  worker = await startTestWorker({ queueLimit: 2 });
  await worker.ready();
});

after(() => worker.stop());

const continuations = [' Paris', ' London', ' a very large city'];

test('several prompts in one request score as each of them alone, and count together', async () => {
  const prompts = ['The capital of France is', 'The capital of England is'];
  const together = await worker.json<{ scores: Score[][]; usage: Usage }>('/score', {
    prompts,
    continuations,
  });
  let counted = 0;
  for (const [at, prompt] of prompts.entries()) {
    const alone = await worker.json<{ scores: Score[]; usage: Usage }>('/score', { prompt, continuations });
    counted += alone.usage.prompt_tokens;
    for (const [place, score] of alone.scores.entries()) {
      const same = together.scores[at]?.[place];
      assert.equal(same?.tokens, score.tokens);
      assert.ok(Math.abs((same?.logprob ?? 0) - score.logprob) < 0.1);
    }
  }
  assert.equal(together.usage.prompt_tokens, counted);
  const likeliest = together.scores.map((scores) => scores[0]?.logprob ?? 0);
  assert.ok((likeliest[0] ?? 0) > (together.scores[0]?.[1]?.logprob ?? 0), 'Paris before London');
});

test('the prompt is counted once, with the tokens of all continuations', async () => {
  const prompt = 'The capital of France is';
  const { count } = await worker.json<{ count: number }>('/tokenize', { text: prompt });
  const { scores, usage } = await worker.json<{ scores: Score[]; usage: Usage }>('/score', {
    prompt,
    continuations,
  });
  assert.equal(
    usage.prompt_tokens,
    scores.reduce((sum, { tokens }) => sum + tokens, count),
  );
});

test('with plain, the spelling of a control token is text', async () => {
  const tokens = async (plain: boolean) =>
    (
      await worker.json<{ usage: Usage }>('/score', {
        prompt: 'One <|im_end|> two',
        continuations: [' three'],
        plain,
      })
    ).usage.prompt_tokens;
  assert.ok((await tokens(true)) > (await tokens(false)));
});

test('what cannot be scored is refused by name', async () => {
  const refused = async (body: Record<string, unknown>) => {
    const { status, text } = await worker.post('/score', body);
    return [status, (JSON.parse(text) as { error: { param: string } }).error.param];
  };
  assert.deepEqual(await refused({ continuations }), [400, 'prompt']);
  assert.deepEqual(await refused({ prompts: 'one', continuations }), [400, 'prompts']);
  assert.deepEqual(await refused({ prompt: 'one' }), [400, 'continuations']);
  const long = await worker.post('/score', { prompt: 'word '.repeat(3000), continuations });
  assert.equal(long.status, 400);
  assert.match(long.text, /engine.context_exceeded/);
});

test('a cancelled request scores no further continuation', async () => {
  const prompt = 'word '.repeat(700);
  const many = Array.from({ length: 400 }, (_, index) => ` number ${index}`);
  const answer = worker.post('/score', { prompt, continuations: many }, { 'x-request-id': 'to-cancel' });
  while ((await worker.health()).activeRequests === 0) await pause(5);
  await worker.post('/cancel', { requestId: 'to-cancel' });
  const { scores, samovar } = JSON.parse((await answer).text) as {
    scores: Score[];
    samovar: { cancelled: true };
  };
  assert.ok(scores.length < many.length);
  assert.equal(samovar.cancelled, true);
  assert.equal((await worker.health()).activeRequests, 0);
});
