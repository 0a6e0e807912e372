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

test('many continuations score as each alone, also where they begin alike, merge with the prompt or are empty', async () => {
  const prompt = 'Is the review positive or negative? "I would not buy it again." It is: neg';
  const texts = [
    'ative',
    'ligible',
    '',
    ' a',
    'ative and sad',
    'ative and sad, 🙂 漢字',
    'ative and',
    'ot',
    'ative',
  ];
  const score = (some: readonly string[]) =>
    worker.json<{ scores: Score[]; usage: Usage }>('/score', { prompt, continuations: some });
  const { count } = await worker.json<{ count: number }>('/tokenize', { text: prompt });
  const { scores, usage } = await score(texts);
  for (const [index, text] of texts.entries()) {
    const [alone] = (await score([text])).scores;
    const whole = await worker.json<{ count: number }>('/tokenize', { text: prompt + text });
    assert.equal(scores[index]?.tokens, Math.max(0, whole.count - count));
    assert.equal(alone?.tokens, scores[index]?.tokens);
    const off = Math.abs((scores[index]?.logprob ?? 0) - (alone?.logprob ?? 0));
    assert.ok(off < 0.1, `${JSON.stringify(text)} is off by ${off}`);
  }
  assert.deepEqual(scores.at(0), scores.at(-1));
  assert.ok((scores[4]?.logprob ?? 0) < (scores[6]?.logprob ?? 0), 'more text is less likely');
  const tokens = scores.reduce((sum, one) => sum + one.tokens, count);
  assert.equal(usage.prompt_tokens, tokens);
});

test('continuations of nothing are scored behind a beginning of text, and none at all take nothing', async () => {
  const { scores } = await worker.json<{ scores: Score[] }>('/score', {
    prompt: '',
    continuations: ['The', 'Xyz'],
  });
  assert.ok(scores.every(({ tokens, logprob }) => tokens >= 1 && logprob < 0));
  assert.ok((scores[0]?.logprob ?? 0) > (scores[1]?.logprob ?? 0));
  assert.deepEqual(
    (await worker.json<{ scores: Score[] }>('/score', { prompt: 'a', continuations: [] })).scores,
    [],
  );
});

test('a running stream goes on while a long list is scored', async () => {
  const times: number[] = [];
  const answer = worker.stream(
    { messages: [{ role: 'user', content: 'Count.' }], max_tokens: 60, logit_bias: { '0': -100, '2': -100 } },
    {},
    () => times.push(performance.now()),
  );
  while (times.length < 5) await pause(5);
  const begunAt = performance.now();
  const body = {
    prompt: 'one two three '.repeat(20),
    continuations: Array.from({ length: 100 }, (_, index) => ` the ${index * 7} of them`),
  };
  const scored = worker.json<{ scores: Score[] }>('/score', body).then(({ scores }) => {
    assert.equal(scores.length, 100);
    return performance.now();
  });
  const [endedAt] = await Promise.all([scored, answer]);
  const during = times.filter((time) => time > begunAt && time < endedAt);
  assert.ok(during.length > 5, `${during.length} pieces while it was scored`);
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
