import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TokenizeAnswer, WorkerHealth } from '@samovar/contract/worker-protocol';
import { Client } from 'undici';
import { testModel } from '../../../../test/models.ts';
import { silentLog } from '../../../../test/silent-log.ts';
import type { Running } from '../../../kernel/ports/running.ts';
import { startLlamaCppWorker } from '../start-llama-cpp-worker.ts';

const folder = mkdtempSync(join(tmpdir(), 'samovar-embed-'));
const listen = join(folder, 'worker.sock');
let worker: Running;
let client: Client;

before(async () => {
  const { manifest, files } = await testModel('multilingual-e5-small');
  worker = await startLlamaCppWorker(
    {
      workerId: 'test',
      modelName: manifest.name,
      listen,
      workerToken: null,
      files,
      manifest,
      threads: 1,
      parallelSequences: 1,
      contextTokens: manifest.contextTokens,
      queueLimit: 64,
      logLevel: 'error',
    },
    silentLog,
  );
  client = new Client('http://worker', { socketPath: listen });
  for (let phase = 'loading'; phase !== 'ready'; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const health = await (await client.request({ method: 'GET', path: '/health' })).body.json();
    ({ phase } = health as WorkerHealth);
    assert.notEqual(phase, 'failed');
  }
});
after(async () => {
  await client.close();
  await worker.stop(0);
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly data: readonly { readonly embedding: readonly number[] }[];
  readonly usage: { readonly prompt_tokens: number };
  readonly error?: { readonly message: string };
}

async function post<T>(path: string, body: object): Promise<T> {
  const { body: answer } = await client.request({ method: 'POST', path, body: JSON.stringify(body) });
  return (await answer.json()) as T;
}

async function embed(...input: readonly string[]): Promise<readonly (readonly number[])[]> {
  return (await post<Answer>('/v1/embeddings', { input })).data.map(({ embedding }) => embedding);
}

function product(a: readonly number[] = [], b: readonly number[] = []): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

const pairs: readonly (readonly [russian: string, english: string])[] = [
  ['как приготовить борщ', 'how to cook borscht'],
  ['рынок акций сегодня упал', 'the stock market fell today'],
  ['кошка спит на диване', 'a cat sleeps on the sofa'],
  ['погода завтра будет дождливой', 'tomorrow the weather will be rainy'],
  ['она учится играть на скрипке', 'she is learning to play the violin'],
];

test('a Russian sentence is nearer to its English translation than to any other', async () => {
  const russian = await embed(...pairs.map(([text]) => `query: ${text}`));
  const english = await embed(...pairs.map(([, text]) => `query: ${text}`));
  for (const [index, vector] of russian.entries()) {
    const near = english.map((each) => product(vector, each));
    assert.ok((near[index] ?? 0) > 0.85, `${near[index]}`);
    for (const [other, value] of near.entries())
      if (other !== index) assert.ok(value < (near[index] ?? 0) - 0.05, `${index} and ${other}: ${value}`);
  }
});

test('a question finds its passage in the other language', async () => {
  const [question] = await embed('query: Какая столица Франции?');
  const passages = await embed(
    'passage: Paris is the capital and largest city of France.',
    'passage: Borscht is a sour soup made with beetroots.',
    'passage: The violin has four strings tuned in fifths.',
  );
  const near = passages.map((each) => product(question, each));
  assert.equal(near.indexOf(Math.max(...near)), 0);
});

test('vectors have length 1, and the same text has the same vector whatever else is asked', async () => {
  const [alone] = await embed('query: one');
  const [among, , again] = await embed('query: one', 'query: two', 'query: one');
  assert.ok(Math.abs(product(alone, alone) - 1) < 1e-5);
  assert.deepEqual(among, alone);
  assert.deepEqual(again, alone);
});

test('tokens are counted with those around a text, and an input that is too long is refused with both counts', async () => {
  const { tokens, pieces } = await post<TokenizeAnswer>('/tokenize', { text: 'query: one', pieces: true });
  assert.deepEqual([tokens[0], tokens.at(-1)], [0, 2]);
  assert.deepEqual(
    pieces?.map(({ text, special }) => [text, special]),
    [
      ['<s>', true],
      ['▁que', false],
      ['ry', false],
      [':', false],
      ['▁one', false],
      ['</s>', true],
    ],
  );
  const { usage } = await post<Answer>('/v1/embeddings', { input: 'query: one' });
  assert.equal(usage.prompt_tokens, 6);
  const long = 'слово '.repeat(600);
  const { error } = await post<Answer>('/v1/embeddings', { input: long });
  assert.match(error?.message ?? '', /602.*512|512.*602/);
  assert.equal(
    (await post<Answer>('/v1/embeddings', { input: long, truncate: true })).usage.prompt_tokens,
    512,
  );
});

test('control texts in an input are text', async () => {
  const { tokens } = await post<TokenizeAnswer>('/tokenize', { text: '</s>' });
  assert.ok(tokens.length > 3);
});
