import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TokenizeAnswer, WorkerHealth, WorkerStart } from '@samovar/contract/worker-protocol';
import { Client, Pool } from 'undici';
import { testModel } from '../../../test/models.ts';
import { silentLog } from '../../../test/silent-log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { hasSpareCore } from './spare-thread.ts';
import { startOnnxWorker } from './start-onnx-worker.ts';

const folder = mkdtempSync(join(tmpdir(), 'samovar-onnx-'));
let start: WorkerStart;
let worker: Running;
let client: Client;

before(async () => {
  const model = await testModel('all-minilm-l6-v2');
  start = {
    workerId: 'test',
    modelName: model.manifest.name,
    listen: join(folder, 'one.sock'),
    workerToken: null,
    files: model.files,
    manifest: model.manifest,
    threads: 1,
    parallelSequences: 1,
    contextTokens: model.manifest.contextTokens,
    queueLimit: 4096,
    logLevel: 'error',
  };
  worker = await startOnnxWorker(start, silentLog);
  client = new Client('http://worker', { socketPath: start.listen, pipelining: 1 });
  await untilReady(client);
});
after(async () => {
  await client.close();
  await worker.stop(0);
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly data: readonly { readonly index: number; readonly embedding: readonly number[] }[];
  readonly model: string;
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
  readonly samovar: { readonly truncated?: readonly number[] };
}

interface Refusal {
  readonly error: { readonly message: string; readonly code: string; readonly param: string | null };
}

test('similar sentences are nearer than others, and vectors have length 1', async () => {
  const { data } = await embed([
    'The cat sits outside',
    'The feline rests outdoors',
    'A man is playing guitar',
    'Someone performs music on an instrument',
  ]);
  const [cat, feline, guitar, music] = data.map((each) => each.embedding);
  assert.ok(cosine(cat, feline) > 0.5);
  assert.ok(cosine(guitar, music) > cosine(guitar, cat) + 0.2);
  for (const each of data) assert.ok(Math.abs(cosine(each.embedding, each.embedding) - 1) < 1e-5);
});

test('a text alone always gives the same vector; among others the 8-bit activations move it by little', async () => {
  const text = 'The cat sits outside';
  const [first] = (await embed(text)).data;
  const [again] = (await embed(text)).data;
  assert.deepEqual(first?.embedding, again?.embedding);
  const together = (
    await embed([text, 'An entirely different and much longer sentence about trains', 'Dogs bark'])
  ).data[0];
  const nearness = cosine(first?.embedding, together?.embedding);
  assert.ok(nearness > 0.97, `${nearness}`);
});

test('with `sharedBatches: false` in its manifest a model gives the same vector in any company', async () => {
  const alone = await startAnother('exact', {
    manifest: { ...start.manifest, engineOptions: { sharedBatches: false } },
  });
  try {
    const text = 'The cat sits outside';
    const [first] = (await embed(text, {}, alone.client)).data;
    const others = ['A man plays guitar', text, 'A long sentence about many trains that go to many towns'];
    const { data } = await embed(others, {}, alone.client);
    assert.deepEqual(data[1]?.embedding, first?.embedding);
  } finally {
    await alone.end();
  }
});

test('base64 holds the same numbers as little-endian 32-bit floats', async () => {
  const [floats] = (await embed('hello')).data;
  const { body } = await post('/v1/embeddings', { input: 'hello', encoding_format: 'base64' });
  const text = String((body as { data: { embedding: unknown }[] }).data[0]?.embedding);
  const bytes = Buffer.from(text, 'base64');
  assert.deepEqual(
    Array.from({ length: 384 }, (_, index) => bytes.readFloatLE(index * 4)),
    floats?.embedding,
  );
});

test('tokens are counted as the model sees them', async () => {
  assert.deepEqual((await embed('hello world')).usage, { prompt_tokens: 4, total_tokens: 4 });
  assert.equal((await embed(['hello world', 'hello'])).usage.prompt_tokens, 7);
  const { body } = await post('/tokenize', { text: 'hello world' });
  assert.deepEqual(body, { tokens: [101, 7592, 2088, 102], count: 4 });
});

test('pieces tell what each token stands for, special ones marked', async () => {
  const { body } = await post('/tokenize', { text: 'samovars', pieces: true });
  const { pieces, count } = body as TokenizeAnswer;
  assert.equal(pieces?.length, count);
  assert.deepEqual(pieces?.at(0), { text: '[CLS]', special: true });
  assert.deepEqual(pieces?.at(-1), { text: '[SEP]', special: true });
  const words = pieces?.filter(({ special }) => !special).map(({ text }) => text.replace('##', ''));
  assert.equal(words?.join(''), 'samovars');
  assert.equal((await post('/tokenize', { text: 'a', pieces: 'yes' })).status, 400);
});

test('cl100k_base token arrays are read as the text that they stand for', async () => {
  const [text] = (await embed('hello world')).data;
  const [single] = (await embed([15339, 1917])).data;
  const [nested] = (await embed([[15339, 1917]])).data;
  assert.deepEqual(single?.embedding, text?.embedding);
  assert.deepEqual(nested?.embedding, text?.embedding);
  await refused({ input: [200_000] }, 400, /not a token of cl100k_base/);
});

test('a model that declares no token encoding refuses token arrays and names the client setting', async () => {
  const { embedding } = start.manifest;
  assert.ok(embedding);
  const strict = await startAnother('strict', {
    manifest: { ...start.manifest, embedding: { ...embedding, tokenArrayEncoding: null } },
  });
  try {
    await refused({ input: [15339] }, 400, /check_embedding_ctx_length=False/, strict.client);
  } finally {
    await strict.end();
  }
});

test('trained dimensions are honoured and normalised again, others refused', async () => {
  await refused({ input: 'a', dimensions: 128 }, 400, /dimensions/);
  assert.equal((await embed('a', { dimensions: 384 })).data[0]?.embedding.length, 384);
  const { embedding } = start.manifest;
  assert.ok(embedding);
  const nested = await startAnother('nested', {
    manifest: { ...start.manifest, embedding: { ...embedding, trainedDimensions: [128] } },
  });
  try {
    const [vector] = (await embed('a', { dimensions: 128 }, nested.client)).data;
    assert.equal(vector?.embedding.length, 128);
    assert.ok(Math.abs(cosine(vector?.embedding, vector?.embedding) - 1) < 1e-5);
  } finally {
    await nested.end();
  }
});

test('input that is too long is refused with both counts, or cut when asked, and said', async () => {
  const long = 'word '.repeat(400);
  await refused({ input: ['short', long] }, 400, /Input 1 has 402 tokens, and this model takes at most 256/);
  const cut = await embed(['short', long], { truncate: true });
  assert.deepEqual(cut.samovar.truncated, [1]);
  assert.equal(cut.usage.prompt_tokens, 3 + 256);
  const exact = await embed('word '.repeat(254));
  assert.equal(exact.usage.prompt_tokens, 256);
  assert.equal(exact.samovar.truncated, undefined);
});

test('a text of megabytes is refused with its count while others are answered', async () => {
  const huge = refused(
    { input: 'word '.repeat(600_000) },
    400,
    /Input 0 has more than \d{5} tokens, and this model takes at most 256/,
  );
  const beganAt = performance.now();
  const other = new Client('http://worker', { socketPath: start.listen });
  await embed('hello', {}, other);
  await other.close();
  const tookMs = performance.now() - beganAt;
  await huge;
  assert.ok(tookMs < 2_000, `${tookMs} ms`);
});

test('no more of a text of megabytes is read than shows that it does not fit', async () => {
  const beganAt = process.cpuUsage();
  await refused({ input: 'word '.repeat(3_000_000) }, 400, /more than \d{5} tokens/);
  const cut = await embed('word '.repeat(3_000_000), { truncate: true });
  const { user, system } = process.cpuUsage(beganAt);
  assert.deepEqual(cut.samovar.truncated, [0]);
  assert.equal(cut.usage.prompt_tokens, 256);
  assert.ok(user + system < 2_000_000, `${(user + system) / 1000} ms of processor time`);
  const blank = await embed(`${' '.repeat(1_000_000)}word`);
  assert.equal(blank.usage.prompt_tokens, 3);
});

test('bad input is refused by name', async () => {
  for (const input of ['', [], [''], ['a', [1]], [[]], [-1], [1.5], {}, null, [null], undefined])
    await refused({ input }, 400, /input/);
  await refused({ input: Array.from({ length: 2049 }, () => 'a') }, 400, /at most 2048/);
  await refused({ input: 'a', encoding_format: 'hex' }, 400, /encoding_format/);
  await refused({ input: 'a', dimensions: 0 }, 400, /dimensions/);
  await refused({ input: 'a', truncate: 'yes' }, 400, /truncate/);
  await refused({ input: 'a', tempo: 1 }, 400, /tempo/);
});

test('a full queue answers 429, and a client that leaves takes its work along', async () => {
  const small = await startAnother('small', { queueLimit: 64 });
  const second = new Client('http://worker', { socketPath: join(folder, 'small.sock') });
  try {
    const leaving = new AbortController();
    const texts = Array.from({ length: 64 }, (_, index) => `sentence number ${index} `.repeat(12));
    const gone = small.client
      .request({ ...requestOf('/v1/embeddings', { input: texts }), signal: leaving.signal })
      .then(
        () => 'answered',
        () => 'left',
      );
    await until(async () => (await health(second)).queuedRequests > 20);
    const full = await post('/v1/embeddings', { input: texts }, second);
    assert.equal(full.status, 429);
    leaving.abort();
    assert.equal(await gone, 'left');
    await until(async () => (await health(second)).queuedRequests === 0);
    assert.equal((await embed('hello', {}, second)).data.length, 1);
  } finally {
    await second.close();
    await small.end();
  }
});

test('many callers at once all get their own vectors', async () => {
  const texts = Array.from({ length: 40 }, (_, index) => `text ${index} `.repeat(1 + (index % 7)));
  const clients = texts.map(() => new Client('http://worker', { socketPath: start.listen }));
  const together = await Promise.all(texts.map((text, index) => embed(text, {}, clients[index])));
  for (const each of clients) await each.close();
  for (const [index, text] of texts.slice(0, 10).entries()) {
    const [alone] = (await embed(text)).data;
    assert.ok(cosine(together[index]?.data[0]?.embedding, alone?.embedding) > 0.97);
  }
  const metrics = await client.request({ method: 'GET', path: '/metrics' });
  assert.match(await metrics.body.text(), /samovar_worker_batches_total\{model="all-minilm-l6-v2"\} \d+/);
});

test('where a core is to spare, callers that wait are served by it too, with the vectors of their own texts', async (t) => {
  if (!hasSpareCore(start, start.files['model.onnx'] ?? '')) return t.skip('there is none');
  const spareBatches = async () => {
    const metrics = await (await client.request({ method: 'GET', path: '/metrics' })).body.text();
    return Number(/^samovar_worker_spare_batches_total\S* (\d+)/m.exec(metrics)?.[1]);
  };
  const texts = Array.from({ length: 24 }, (_, index) => `${'A sentence about trains. '.repeat(6)} ${index}`);
  const expected = await embed(texts);
  const callers = new Pool('http://worker', { socketPath: start.listen, connections: texts.length });
  t.after(() => callers.close());
  const embedAlone = async (input: string): Promise<Answer> => {
    const { body } = await callers.request({
      method: 'POST',
      path: '/v1/embeddings',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input }),
    });
    return (await body.json()) as Answer;
  };
  for (let round = 0; (await spareBatches()) < 4; round += 1) {
    assert.ok(round < 60, 'it never took a batch');
    const answers = await Promise.all(texts.map(embedAlone));
    for (const [index, { data }] of answers.entries())
      assert.ok(cosine(data[0]?.embedding, expected.data[index]?.embedding) > 0.97, `text ${index}`);
  }
});

test('a model that cannot be loaded says why', async () => {
  const broken = await startOnnxWorker(
    {
      ...start,
      listen: join(folder, 'broken.sock'),
      files: { ...start.files, 'model.onnx': '/nowhere.onnx' },
    },
    silentLog,
  );
  const asking = new Client('http://worker', { socketPath: join(folder, 'broken.sock') });
  await until(async () => (await health(asking)).phase === 'failed');
  assert.match((await health(asking)).error ?? '', /nowhere\.onnx/);
  await asking.close();
  await broken.stop(0);
});

async function startAnother(name: string, change: Partial<WorkerStart>) {
  const listen = join(folder, `${name}.sock`);
  const running = await startOnnxWorker({ ...start, ...change, listen }, silentLog);
  const own = new Client('http://worker', { socketPath: listen });
  await untilReady(own);
  return {
    client: own,
    async end() {
      await own.destroy();
      await running.stop(0);
    },
  };
}

function requestOf(path: string, body: object) {
  return {
    method: 'POST' as const,
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}

async function post(
  path: string,
  body: object,
  through = client,
): Promise<{ status: number; body: unknown }> {
  const answer = await through.request(requestOf(path, body));
  return { status: answer.statusCode, body: await answer.body.json() };
}

async function embed(input: unknown, more: object = {}, through = client): Promise<Answer> {
  const { status, body } = await post('/v1/embeddings', { input, ...more }, through);
  assert.equal(status, 200, JSON.stringify(body).slice(0, 500));
  return body as Answer;
}

async function refused(body: object, status: number, pattern: RegExp, through = client): Promise<void> {
  const answer = await post('/v1/embeddings', body, through);
  assert.equal(answer.status, status, JSON.stringify(answer.body).slice(0, 300));
  assert.match((answer.body as Refusal).error.message, pattern);
}

async function health(through: Client): Promise<WorkerHealth> {
  const answer = await through.request({ method: 'GET', path: '/health' });
  return (await answer.body.json()) as WorkerHealth;
}

async function untilReady(through: Client): Promise<void> {
  await until(async () => (await health(through)).phase === 'ready');
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function cosine(left: readonly number[] = [], right: readonly number[] = []): number {
  return left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
}
