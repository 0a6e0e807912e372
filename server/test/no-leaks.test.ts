import assert from 'node:assert/strict';
import { open, readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { dataFolder } from '@samovar/contract/data-folder';
import { startTestStack, type TestStack } from './stack.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const chatModel = 'smollm2-135m-instruct';

let stack: TestStack;
let applicationKey: string;
before(async () => {
  stack = await startTestStack();
  const created = await call('POST', '/api/keys', { name: 'application' });
  applicationKey = JSON.parse(created.text).secret;
});
after(async () => {
  await stack?.stop();
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: string;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  key: string | null = stack.key,
): Promise<Answer> {
  const answer = await fetch(`${stack.url}${path}`, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return {
    status: answer.status,
    text: await answer.text(),
    headers: JSON.stringify([...answer.headers]),
  };
}

/** Frames of a stack, places in source files, folders of the machine, SQL and what its driver says, addresses. */
const innards: readonly RegExp[] = [
  /\n\s+at |\\n\s+at /,
  /node:internal|file:\/\/|\.[cm]?[jt]s:\d+|node_modules/,
  /\b(select|insert|update|delete)\b.{1,80}\b(from|into|set|where)\b/i,
  /relation "|syntax error at|invalid input syntax|violates|SQLSTATE|postgres(ql)?:\/\//,
  /ECONNREFUSED|ENOENT|EACCES|\.sock\b/,
];

function assertTight(what: string, answer: Answer): void {
  const shown = `${answer.headers}\n${answer.text}`;
  for (const pattern of innards) assert.doesNotMatch(shown, pattern, what);
  for (const folder of [stack.data, checkout, homedir()].filter((path) => path.length > 3))
    assert.ok(!shown.includes(folder), `${what}: ${folder} is in ${shown}`);
}

const chat = (extra: object = {}) => ({
  model: 'chat-default',
  messages: [{ role: 'user', content: 'Hello' }],
  max_tokens: 2,
  ...extra,
});

test('no error answer of any surface shows a stack, a folder of the machine, an address or SQL', async () => {
  const uuid = '00000000-0000-4000-8000-000000000000';
  const bad: readonly (readonly [string, string, unknown?, (string | null)?])[] = [
    ['POST', '/v1/chat/completions', '{"model": '],
    ['POST', '/v1/chat/completions', '\u0000'],
    ['POST', '/v1/chat/completions', []],
    ['POST', '/v1/chat/completions', chat({ model: 'no-such-model' })],
    ['POST', '/v1/chat/completions', chat({ model: "x'; drop table keys; --" })],
    ['POST', '/v1/chat/completions', chat({ model: '\u0000' })],
    ['POST', '/v1/chat/completions', chat({ model: 'embedding-default' })],
    ['POST', '/v1/chat/completions', chat({ messages: [] })],
    ['POST', '/v1/chat/completions', chat({ messages: [{ role: 'user', content: 'long '.repeat(20_000) }] })],
    [
      'POST',
      '/v1/chat/completions',
      chat({
        response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { $ref: '#/nowhere' } } },
      }),
    ],
    [
      'POST',
      '/v1/chat/completions',
      chat({
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'x', schema: { type: 'string', pattern: '(((' } },
        },
      }),
    ],
    ['POST', '/v1/chat/completions', chat({ logit_bias: { x: 'y' } })],
    ['POST', '/v1/embeddings', { model: 'embedding-default', input: [[1, 2, 999_999_999]] }],
    ['POST', '/v1/embeddings', { model: 'embedding-default', input: 'word '.repeat(5_000) }],
    ['POST', '/v1/responses', { model: 'chat-default', input: 'x', previous_response_id: 'resp_1' }],
    ['GET', '/v1/models/%00'],
    ['GET', '/v1/models/..%2f..%2fetc%2fpasswd'],
    ['GET', '/%'],
    ['GET', '/no/such/route'],
    ['PUT', '/v1/models'],
    ['GET', '/v1/models', undefined, null],
    ['GET', '/v1/models', undefined, 'smv_\u00e9'],
    ['GET', '/metrics', undefined, applicationKey],
    ['GET', '/api/keys?cursor=%27%3B--&limit=1'],
    ['GET', '/api/keys?limit=99999999999999999999'],
    ['DELETE', '/api/keys/%00'],
    ['DELETE', `/api/keys/key_${uuid}`],
    ['POST', '/api/keys', { name: '\u0000' }],
    ['POST', '/api/keys', { name: 'x', expiresAt: '99999999999-01-01' }],
    ['POST', '/api/models/%00/load'],
    ['POST', '/api/models/nothing/load?residency=never'],
    ['GET', '/api/usage?from=yesterday'],
    ['GET', '/api/usage?from=0001-01-01&to=9999-12-31&groupBy=%27'],
    ['GET', '/readyz', undefined, null],
  ];
  for (const [method, path, body, key] of bad) {
    const answer = await call(method, path, body, key);
    const what = `${method} ${path} ${JSON.stringify(body)?.slice(0, 120) ?? ''} → ${answer.status}`;
    assert.notEqual(answer.status, 500, `${what}: ${answer.text}`);
    assertTight(what, answer);
  }
});

test('why a model cannot be loaded is told shortly to callers, and whole to those who manage models', async () => {
  assert.equal((await call('POST', `/api/models/${chatModel}/unload`)).status, 202);
  await untilDeployment((state) => state === 'unloaded');
  const undo = await spoilWeights();
  try {
    const failed = await call('POST', '/v1/chat/completions', chat(), applicationKey);
    assert.equal(failed.status, 503, failed.text);
    assert.match(failed.text, /engine\.load_failed/);
    assert.match(failed.text, /its engine could not load it|its worker process/);
    assertTight('a model that cannot be loaded', failed);
    const seenByApplication = await call('GET', '/api/models', undefined, applicationKey);
    assertTight('GET /api/models by a key that manages nothing', seenByApplication);
    const [seen, managed] = [await deployment(applicationKey), await deployment(stack.key)];
    assert.ok(seen.lastError && managed.lastError);
    assert.notEqual(seen.lastError, managed.lastError);
  } finally {
    await undo();
  }
});

interface SeenDeployment {
  readonly state: string;
  readonly lastError: string | null;
}

async function deployment(key: string): Promise<SeenDeployment> {
  const { items } = JSON.parse((await call('GET', '/api/models', undefined, key)).text);
  return items.find((item: { name: string }) => item.name === chatModel).deployment;
}

async function untilDeployment(is: (state: string) => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!is((await deployment(stack.key)).state)) {
    if (Date.now() > deadline) throw new Error('the deployment did not come to the state in time');
    await pause(100);
  }
}

/** Overwrites the head of the largest stored object, which is the chat model's; returns how to put it back. */
async function spoilWeights(): Promise<() => Promise<void>> {
  const { objects } = dataFolder(stack.data);
  const paths = (await readdir(objects, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const sized = await Promise.all(paths.map(async (path) => ({ path, size: (await stat(path)).size })));
  const largest = sized.toSorted((a, b) => b.size - a.size)[0];
  assert.ok(largest);
  const file = await open(largest.path, 'r+');
  const head = Buffer.alloc(4096);
  await file.read(head, 0, head.length, 0);
  await file.write(Buffer.alloc(head.length, 1), 0, head.length, 0);
  await file.sync();
  return async () => {
    await file.write(head, 0, head.length, 0);
    await file.close();
  };
}
