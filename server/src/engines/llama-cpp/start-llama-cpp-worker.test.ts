import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, test } from 'node:test';
import type { Completion } from 'openai/resources/completions';
import { pause, readEvents, startTestWorker } from '../../../test/llama-worker.ts';

const worker = await startTestWorker();
const beforeLoading = await worker.post('/v1/chat/completions', { messages: [] });
assert.equal(await worker.ready(), 'ready');
after(() => worker.stop());

const user = (content: string) => [{ role: 'user', content }];
const story = 'Tell me about the sea, its waves, the wind and the ships that cross it.';
/** Keeps the model from ending its turn, so that an answer has the length asked for. */
const endless = { logit_bias: { '0': -100, '2': -100 } };

function errorOf(text: string) {
  return JSON.parse(text) as {
    error: { param: string | null; message: string };
    samovar: { code: string; params: Record<string, unknown> };
  };
}

async function untilIdle(): Promise<number> {
  const begunAt = performance.now();
  while ((await worker.health()).activeRequests > 0) await pause(5);
  return performance.now() - begunAt;
}

test('while the model loads, health says so and requests are told to come back', () => {
  assert.equal(beforeLoading.status, 503);
  assert.equal(errorOf(beforeLoading.text).samovar.code, 'model.not_ready');
});

test('a file that is no model leaves a worker that says why it failed', async () => {
  const broken = await startTestWorker({ files: { 'model.gguf': new URL(import.meta.url).pathname } });
  assert.equal(await broken.ready(), 'failed');
  const { error } = await broken.health();
  assert.ok(error);
  assert.equal((await broken.post('/v1/chat/completions', { messages: user('hi') })).status, 503);
  await broken.stop();
});

test('counts are exact: the prompt as the tokenizer says, the answer token by token', async () => {
  const counted = await worker.json<{ count: number }>('/tokenize', { messages: user(story) });
  const answer = await worker.chat({
    messages: user(story),
    max_tokens: 20,
    temperature: 0,
    logprobs: true,
    ...endless,
  });
  assert.equal(answer.usage?.prompt_tokens, counted.count);
  assert.equal(answer.usage?.completion_tokens, 20);
  assert.equal(answer.choices[0]?.finish_reason, 'length');
  const tokens = answer.choices[0]?.logprobs?.content ?? [];
  assert.equal(tokens.length, 20);
  const bytes = Buffer.concat(tokens.map(({ bytes }) => Buffer.from(bytes ?? [])));
  assert.equal(bytes.toString(), answer.choices[0]?.message.content);
});

test('a stream says the same as the whole answer, in the order of the standard', async () => {
  const body = { messages: user(story), max_tokens: 16, seed: 7 };
  const whole = await worker.chat(body);
  const streamed = await worker.stream(body);
  assert.equal(streamed.content, whole.choices[0]?.message.content);
  assert.match(streamed.text, /data: \[DONE\]\n\n$/);
  assert.equal(streamed.chunks[0]?.choices[0]?.delta.role, 'assistant');
  const last = streamed.chunks.at(-1);
  assert.deepEqual(last?.choices, []);
  assert.equal(last?.usage?.completion_tokens, whole.usage?.completion_tokens);
  assert.ok(streamed.chunks.slice(0, -1).every((chunk) => chunk.usage === null));
  const gateway = await worker.stream({ ...body, stream_options: null, samovar: { usage: true } });
  assert.ok(gateway.chunks.slice(0, -1).every((chunk) => !('usage' in chunk)));
  assert.equal(gateway.chunks.at(-1)?.usage?.completion_tokens, whole.usage?.completion_tokens);
  assert.equal(typeof gateway.chunks.at(-1)?.samovar?.timeToFirstTokenMs, 'number');
});

test('a stop string ends the answer before it, also when it spans tokens', async () => {
  const body = { messages: user(story), max_tokens: 24, temperature: 0, ...endless };
  const free = await worker.chat({ ...body, logprobs: true });
  const text = free.choices[0]?.message.content ?? '';
  const tokens = free.choices[0]?.logprobs?.content?.map(({ token }) => token) ?? [];
  const at = tokens.slice(0, 8).join('').length;
  const stop = text.slice(at - 2, at + 2);
  for (const given of [stop, ['never to be found', stop]]) {
    const stopped = await worker.chat({ ...body, stop: given });
    assert.equal(stopped.choices[0]?.message.content, text.slice(0, text.indexOf(stop)));
    assert.equal(stopped.choices[0]?.finish_reason, 'stop');
  }
  const streamed = await worker.stream({ ...body, stop });
  assert.equal(streamed.content, text.slice(0, text.indexOf(stop)));
  const five = await worker.post('/v1/chat/completions', { ...body, stop: ['1', '2', '3', '4', '5'] });
  assert.equal(errorOf(five.text).error.param, 'stop');
});

test('the same seed gives the same answers, whatever the slots hold', async () => {
  const long = `${story} `.repeat(8);
  const body = { messages: user(long), max_tokens: 12, seed: 42, temperature: 1, n: 3, ...endless };
  const contents = async () => (await worker.chat(body)).choices.map(({ message }) => message.content);
  const first = await contents();
  assert.equal(new Set(first).size, 3, 'each choice has a seed of its own');
  await worker.chat({ messages: user(`${long} And now?`), max_tokens: 8 });
  await Promise.all(
    [1, 2].map((i) => worker.chat({ messages: user(`Other ${i}: ${story}`), max_tokens: 8 })),
  );
  assert.deepEqual(await contents(), first);
  const alone = await worker.chat({ ...body, n: 1 });
  assert.equal(alone.choices[0]?.message.content, first[0]);
  assert.ok((alone.usage?.prompt_tokens_details?.cached_tokens ?? 0) > 0);
  const other = await worker.chat({ ...body, n: 1, seed: 43 });
  assert.equal(other.choices[0]?.message.content, first[1]);
});

test('n without a seed runs side by side and counts the prompt once', async () => {
  const answer = await worker.chat({ messages: user(story), max_tokens: 6, n: 4, ...endless });
  assert.deepEqual(
    answer.choices.map(({ index }) => index),
    [0, 1, 2, 3],
  );
  assert.equal(answer.usage?.completion_tokens, 24);
  const { count } = await worker.json<{ count: number }>('/tokenize', { messages: user(story) });
  assert.equal(answer.usage?.prompt_tokens, count);
});

test('a common prefix is not evaluated again, and the saving is told exactly', async () => {
  const long = Array.from({ length: 90 }, (_, i) => `Item ${i} is ${i * i}.`).join(' ');
  const turns = [{ role: 'user', content: long }];
  const cold = await worker.stream({ messages: turns, max_tokens: 4 });
  const more = [...turns, { role: 'assistant', content: 'Well.' }, { role: 'user', content: 'Go on.' }];
  const warm = await worker.stream({ messages: more, max_tokens: 4 });
  const [coldUsage, warmUsage] = [cold.chunks.at(-1)?.usage, warm.chunks.at(-1)?.usage];
  assert.ok((coldUsage?.prompt_tokens ?? 0) > 500);
  assert.equal(warmUsage?.prompt_tokens_details?.cached_tokens, coldUsage?.prompt_tokens);
  const ratio = warm.firstEventMs / cold.firstEventMs;
  assert.ok(ratio <= 0.3, `time to first token: ${ratio.toFixed(2)} of the cold one`);
});

test('a prompt that does not fit is refused with both counts; a full context ends with length', async () => {
  const words = (count: number) => user('sea '.repeat(count));
  const refused = await worker.post('/v1/chat/completions', { messages: words(1100) });
  assert.equal(refused.status, 400);
  const { samovar } = errorOf(refused.text);
  assert.equal(samovar.code, 'engine.context_exceeded');
  assert.equal(samovar.params.contextTokens, 1024);
  assert.ok(Number(samovar.params.promptTokens) > 1100);
  const huge = await worker.post('/v1/chat/completions', { messages: words(2_000_000) });
  assert.equal(errorOf(huge.text).samovar.code, 'engine.context_exceeded');
  const full = await worker.chat({ messages: words(980), ...endless });
  assert.equal(full.choices[0]?.finish_reason, 'length');
  assert.equal(full.usage?.total_tokens, 1024);
});

test('cancel ends a stream with its final counts, and the slot is free at once', async () => {
  let cancelledAt = 0;
  const streamed = await worker.stream(
    { messages: user(story), max_tokens: 900, ...endless },
    { 'x-request-id': 'to-cancel' },
    (count) => {
      if (count < 6 || cancelledAt > 0) return;
      cancelledAt = performance.now();
      void worker.post('/cancel', { requestId: 'to-cancel' });
    },
  );
  assert.ok(performance.now() - cancelledAt < 1000);
  const last = streamed.chunks.at(-1);
  assert.equal(last?.samovar?.cancelled, true);
  const content = streamed.chunks.filter((chunk) => chunk.choices[0]?.delta.content).length;
  assert.ok((last?.usage?.completion_tokens ?? 0) >= content);
  assert.ok((await untilIdle()) < 500);
  assert.equal((await worker.post('/cancel', { requestId: 'to-cancel' })).status, 204);
});

test('a client that leaves while its prompt is read frees its slot within a chunk', async () => {
  const sent = request({ socketPath: worker.listen, path: '/v1/chat/completions', method: 'POST' });
  sent.on('error', () => undefined);
  const content = Array.from({ length: 120 }, (_, i) => `Row ${i}`).join(', ');
  sent.end(JSON.stringify({ messages: user(content), max_tokens: 500 }));
  while ((await worker.health()).activeRequests === 0) await pause(5);
  sent.destroy();
  const ms = await untilIdle();
  assert.ok(ms < 1500, `${Math.round(ms)} ms`);
});

test('after twenty clients left at random moments everything still works', async () => {
  const before = await worker.chat({ messages: user(story), max_tokens: 8, temperature: 0 });
  const aborts = Array.from({ length: 20 }, async (_, i) => {
    await pause((i * 37) % 400);
    const sent = request({ socketPath: worker.listen, path: '/v1/chat/completions', method: 'POST' });
    sent.on('error', () => undefined);
    sent.on('response', (response) => response.resume());
    sent.end(JSON.stringify({ messages: user(`${i} ${story}`), stream: i % 2 === 0, max_tokens: 300 }));
    await pause((i * 53) % 300);
    sent.destroy();
  });
  await Promise.all(aborts);
  await untilIdle();
  const { queuedRequests } = await worker.health();
  assert.equal(queuedRequests, 0);
  const again = await worker.chat({ messages: user(story), max_tokens: 8, temperature: 0 });
  assert.equal(again.choices[0]?.message.content, before.choices[0]?.message.content);
});

test('a slow reader pauses only itself and still gets everything', async () => {
  const slow = await new Promise<import('node:http').IncomingMessage>((resolve) => {
    const sent = request(
      { socketPath: worker.listen, path: '/v1/chat/completions', method: 'POST' },
      resolve,
    );
    const body = { messages: user(story), stream: true, max_tokens: 260, ...endless };
    sent.end(JSON.stringify({ ...body, logprobs: true, top_logprobs: 20 }));
  });
  slow.pause();
  const other = await worker.chat({ messages: user('Hello'), max_tokens: 10, ...endless });
  assert.equal(other.usage?.completion_tokens, 10);
  await pause(4000);
  assert.equal((await worker.health()).activeRequests, 1, 'the slow one waits for its reader');
  let text = '';
  for await (const piece of slow) text += String(piece);
  const pieces = readEvents(text).map((chunk) => chunk.choices[0]?.logprobs?.content?.length ?? 0);
  assert.equal(
    pieces.reduce((sum, count) => sum + count, 0),
    260,
  );
  assert.match(text, /\[DONE\]\n\n$/);
});

test('characters that span tokens are never cut', async () => {
  const value = 'жёлтый 😀🧑‍🚀 漢字 ü';
  const schema = { type: 'object', properties: { a: { const: value } }, required: ['a'] };
  const streamed = await worker.stream({
    messages: user('Say it.'),
    response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
  });
  assert.ok(streamed.chunks.every((chunk) => !(chunk.choices[0]?.delta.content ?? '').includes('\ufffd')));
  assert.deepEqual(JSON.parse(streamed.content), { a: value });
  assert.equal(streamed.chunks.at(-2)?.choices[0]?.finish_reason, 'stop');
});

test('what the engine cannot do is refused by name', async () => {
  const body = { messages: user('hi'), max_tokens: 1 };
  const cases: [string, Record<string, unknown>][] = [
    ['typical_p', { typical_p: 0.5 }],
    ['store', { store: true }],
    ['stream_options', { stream_options: { include_usage: true } }],
    ['logit_bias', { logit_bias: { '999999999': 1 } }],
    ['temperature', { temperature: 3 }],
    ['n', { n: 0 }],
    ['messages', { messages: [] }],
    ['messages[0].role', { messages: [{ role: 'robot', content: 'x' }] }],
    ['top_logprobs', { top_logprobs: 2 }],
    ['tool_choice', { tool_choice: 'required' }],
  ];
  for (const [parameter, extra] of cases) {
    const answer = await worker.post('/v1/chat/completions', { ...body, ...extra });
    assert.equal(answer.status, 400, parameter);
    assert.equal(errorOf(answer.text).error.param, parameter);
  }
  const suffix = await worker.post('/v1/completions', { prompt: 'a', suffix: 'b' });
  assert.equal(errorOf(suffix.text).samovar.code, 'engine.unsupported_parameter');
  const both = await worker.post('/v1/completions', { prompt: 'a', echo: true, logprobs: 1 });
  const { error, samovar } = errorOf(both.text);
  assert.deepEqual(
    [both.status, error.param, samovar.code],
    [400, 'logprobs', 'engine.unsupported_parameter'],
  );
  assert.match(error.message, /`logprobs` together with `echo`/);
});

test('completions take texts and token arrays, echo them, and give log-probabilities in their own form', async () => {
  const prompt = 'The capital of France is';
  const { tokens } = await worker.json<{ tokens: number[] }>('/tokenize', { text: prompt });
  const answer = await worker.json<Completion>('/v1/completions', {
    prompt: [prompt, 'One two three'],
    echo: true,
    max_tokens: 4,
    temperature: 0,
  });
  const byTokens = await worker.json<Completion>('/v1/completions', {
    prompt: tokens,
    max_tokens: 4,
    temperature: 0,
    logprobs: 2,
  });
  assert.equal(answer.choices[0]?.text, prompt + byTokens.choices[0]?.text);
  assert.ok(answer.choices[1]?.text.startsWith('One two three'));
  const logprobs = byTokens.choices[0]?.logprobs;
  assert.equal(logprobs?.tokens?.join(''), byTokens.choices[0]?.text);
  assert.equal(Object.keys(logprobs?.top_logprobs?.[0] ?? {}).length, 2);
});

test('a continuation is scored by the sum of its tokens as the model would generate them', async () => {
  const prompt = 'The capital of France is';
  const generated = await worker.json<Completion>('/v1/completions', {
    prompt,
    max_tokens: 3,
    temperature: 0,
    logprobs: 0,
  });
  const likely = generated.choices[0]?.text ?? '';
  const sum = generated.choices[0]?.logprobs?.token_logprobs?.reduce((a, b) => a + b, 0) ?? 0;
  const { scores } = await worker.json<{ scores: { logprob: number; tokens: number }[] }>('/score', {
    prompt,
    continuations: [likely, ' xylophone quantum'],
  });
  assert.equal(scores[0]?.tokens, 3);
  assert.ok(Math.abs((scores[0]?.logprob ?? 0) - sum) < 0.1, `${scores[0]?.logprob} and ${sum}`);
  assert.ok((scores[1]?.logprob ?? 0) < sum - 5);
});

test('metrics count what was answered', async () => {
  const text = await worker.get('/metrics');
  const value = (name: string) => Number(new RegExp(`^${name}{.*} (.*)$`, 'm').exec(text)?.[1]);
  assert.ok(value('samovar_worker_completion_tokens_total') > 300);
  assert.ok(value('samovar_worker_requests_cancelled_total') > 1);
  assert.equal(value('samovar_worker_active_requests'), 0);
});
