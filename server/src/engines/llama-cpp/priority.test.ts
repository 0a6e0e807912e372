import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pause, type StreamedAnswer, startTestWorker } from '../../../test/llama-worker.ts';

type Body = Readonly<Record<string, unknown>>;

let worker: Awaited<ReturnType<typeof startTestWorker>>;

before(async () => {
  worker = await startTestWorker({ parallelSequences: 1, queueLimit: 2, contextTokens: 512 });
  await worker.ready();
});
after(() => worker.stop());

const endless = { logit_bias: { '0': -100, '2': -100 } };
const user = (content: string) => [{ role: 'user', content }];
const story = { messages: user('Tell a story about a fox.'), max_tokens: 40, temperature: 0, ...endless };
const background = { 'x-samovar-priority': 'background' };
const interrupt = (max_tokens = 2) =>
  worker.chat({ messages: user('Name a color.'), max_tokens, ...endless });

/** A background stream that loses its slot to an interactive request after each of these numbers of events. */
async function disturbed(body: Body, after: readonly number[], headers = {}): Promise<StreamedAnswer> {
  const interruptions: Promise<unknown>[] = [];
  const answer = await worker.stream(body, { ...background, ...headers }, (count) => {
    if (after[interruptions.length] !== undefined && count >= (after[interruptions.length] ?? 0))
      interruptions.push(interrupt());
  });
  assert.ok(interruptions.length > 0, 'it was disturbed');
  await Promise.all(interruptions);
  return answer;
}

/** An answer without what differs between two requests: ids and times. */
const told = ({ content, chunks }: StreamedAnswer) => {
  const usage = chunks.at(-1)?.usage;
  return {
    content,
    counts: [usage?.prompt_tokens, usage?.completion_tokens],
    ends: chunks.flatMap(({ choices }) => choices.map((choice) => choice.finish_reason)).filter(Boolean),
    logprobs: chunks.flatMap(({ choices }) => choices[0]?.logprobs?.content?.map(({ token }) => token) ?? []),
    calls: chunks.flatMap(({ choices }) =>
      (choices[0]?.delta.tool_calls ?? []).map((call) => [call.function?.name, call.function?.arguments]),
    ),
  };
};

test('an interactive request takes the slot of a background one at once, which goes on unseen by its reader', async () => {
  const alone = await worker.stream(story);
  let ended = false;
  const running = disturbed(story, [6, 15]).finally(() => {
    ended = true;
  });
  while ((await worker.health()).activeRequests === 0) await pause(2);
  await interrupt(1);
  assert.equal(ended, false, 'the interactive request did not wait for the background one');
  const answer = await running;
  assert.deepEqual(told(answer), told(alone));
  assert.equal((await worker.health()).queuedRequests, 0);
});

test('stop strings, forms, calls, log-probabilities and several choices survive the loss of the slot', async () => {
  const { content } = await worker.stream(story);
  const schema = {
    type: 'object',
    properties: { name: { type: 'string', maxLength: 30 }, age: { type: 'integer' } },
    required: ['name', 'age'],
    additionalProperties: false,
  };
  const colors = { type: 'string', enum: ['dark green', 'light blue', 'bright red'] };
  const parameters = {
    type: 'object',
    properties: { color: colors, other: colors },
    required: ['color', 'other'],
  };
  const tool = { type: 'function', function: { name: 'paint_the_house', parameters } };
  const person = { ...story, messages: user('Tom is 30.'), max_tokens: 120 };
  const cases: [string, Body, number[]][] = [
    ['a stop string', { ...story, stop: content.slice(60, 70) }, [4, 9]],
    [
      'a form',
      { ...person, response_format: { type: 'json_schema', json_schema: { name: 'p', schema } } },
      [3],
    ],
    ['a call', { ...person, tools: [tool], tool_choice: 'required' }, [2, 4]],
    ['log-probabilities', { ...story, logprobs: true, max_tokens: 16 }, [5, 9]],
    ['choices', { ...story, n: 2, seed: 5, temperature: 0.7, max_tokens: 12 }, [4, 18]],
  ];
  for (const [name, body, after] of cases)
    assert.deepEqual(told(await disturbed(body, after)), told(await worker.stream(body)), name);
});

test('scores are the same when an interactive request came between', async () => {
  const body = {
    prompt: 'The quick brown fox jumps over the lazy dog. '.repeat(6),
    continuations: Array.from({ length: 24 }, (_, index) => ` It is number ${index} of all.`),
  };
  const alone = await worker.json<{ scores: { logprob: number }[] }>('/score', body);
  const scoring = worker.json<{ scores: { logprob: number }[] }>(
    '/score',
    { ...body, plain: true },
    background,
  );
  for (let round = 0; round < 3; round += 1) {
    await pause(60);
    await interrupt();
  }
  const { scores } = await scoring;
  for (const [index, { logprob }] of scores.entries())
    assert.ok(Math.abs(logprob - (alone.scores[index]?.logprob ?? 0)) < 0.3, `${index}: ${logprob}`);
});

test('a request that lost its slot can be cancelled, with its final counts', async () => {
  let interactive: Promise<unknown> = Promise.resolve();
  const answer = await worker.stream(story, { ...background, 'x-request-id': 'aside' }, (count) => {
    if (count !== 8) return;
    interactive = interrupt(60);
    void pause(150).then(async () => {
      const { activeRequests, queuedRequests } = await worker.health();
      assert.deepEqual([activeRequests, queuedRequests], [1, 1]);
      await worker.post('/cancel', { requestId: 'aside' });
    });
  });
  const last = answer.chunks.at(-1);
  assert.equal(last?.samovar?.cancelled, true);
  assert.ok((last?.usage?.completion_tokens ?? 0) >= 6 && (last?.usage?.completion_tokens ?? 0) < 40);
  await interactive;
});

test('the deadline of a request that had begun is over: it goes on', async () => {
  const headers = { 'x-samovar-deadline': String(Date.now() + 800) };
  const answer = await disturbed({ ...story, max_tokens: 100 }, [4, 8, 40, 60], headers);
  assert.equal(answer.status, 200);
  assert.equal(answer.chunks.at(-1)?.usage?.completion_tokens, 100);
});

test('a queue full of background requests refuses further ones, and no interactive one', async () => {
  const ask = (headers = {}) => worker.post('/v1/chat/completions', { ...story, max_tokens: 20 }, headers);
  const running = [ask(background)];
  while ((await worker.health()).activeRequests === 0) await pause(2);
  running.push(ask(background), ask(background));
  while ((await worker.health()).queuedRequests < 2) await pause(2);
  assert.equal((await ask(background)).status, 429);
  assert.equal((await ask()).status, 200);
  for (const answer of await Promise.all(running)) assert.equal(answer.status, 200);
});

test('with a slot of its own, background work gets on under interactive prompts without end', async () => {
  const two = await startTestWorker({ parallelSequences: 2, contextTokens: 1024 });
  await two.ready();
  let ended = false;
  const answer = two.stream({ ...story, max_tokens: 6 }, background).finally(() => {
    ended = true;
  });
  const prompts = async (lane: number) => {
    for (let round = 0; !ended; round += 1)
      await two.chat({ messages: user(`${lane} ${round} ${'word '.repeat(300)}`), max_tokens: 1 });
  };
  await prompts(0);
  assert.equal((await answer).chunks.at(-1)?.usage?.completion_tokens, 6);
  await two.stop();
});
