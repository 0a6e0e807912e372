import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { adapterModel } from '../lora-adapter.ts';
import { testModel } from '../models.ts';
import { addReadyModel } from '../ready-model.ts';
import { startTestStack, type TestStack } from '../stack.ts';

const chat = 'smollm2-135m-instruct';
const folder = mkdtempSync(join(tmpdir(), 'samovar-deployments-'));
let stack: TestStack;
after(() => rmSync(folder, { recursive: true, force: true }));

async function call(method: string, path: string, body?: object) {
  const response = await fetch(stack.url + path, {
    method,
    headers: { authorization: `Bearer ${stack.key}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
  const answer: any = await response.json();
  return { status: response.status, body: answer };
}

async function ask(model: string, tokens = 12): Promise<string> {
  const { status, body } = await call('POST', '/v1/chat/completions', {
    model,
    messages: [{ role: 'user', content: 'Tell me about the sea.' }],
    max_completion_tokens: tokens,
    temperature: 0,
    seed: 5,
  });
  assert.equal(status, 200, `${model}: ${JSON.stringify(body)}`);
  assert.equal(body.model, model);
  return body.choices[0].message.content;
}

/** The same weights under another name, said to come from elsewhere. */
async function addCopy(name: string, changes: Partial<ModelManifest> = {}): Promise<void> {
  assert.ok(stack.store);
  const { manifest, files } = await testModel(chat);
  const copy = { ...manifest, name, lineage: { source: `hf:nobody/${name}`, revision: null }, ...changes };
  await addReadyModel(stack.store.database, stack.data, { manifest: copy, files });
}

describe('adapters called by their names', () => {
  before(async () => {
    stack = await startTestStack({ SAMOVAR_ENGINE_PARALLEL: '2', SAMOVAR_ENGINE_THREADS: '1' });
    assert.ok(stack.store);
    for (const [name, strength, seed] of [
      ['zeros', 0, 1],
      ['one', 0.3, 2],
      ['other', 0.3, 3],
    ] as const) {
      const made = await adapterModel(name, join(folder, `${name}.gguf`), { strength, seed });
      await addReadyModel(stack.store.database, stack.data, made);
    }
    await addCopy('copy');
    // The api process reads the registry within a second.
    await pause(1_500);
  });
  after(() => stack.stop());

  test('each answers under its name, together and alone alike, in one worker of the base', async () => {
    const names = [chat, 'zeros', 'one', 'other'];
    await Promise.all(names.map((name) => ask(name, 1)));
    const alone: string[] = [];
    for (const name of names) alone.push(await ask(name));
    assert.equal(alone[1], alone[0]);
    assert.equal(new Set(alone).size, 3, JSON.stringify(alone));
    assert.deepEqual(await Promise.all(names.map((name) => ask(name))), alone);
    const base = (await call('GET', `/api/deployments/${chat}`)).body;
    assert.equal(base.adapterVersions.length, 3);
    for (const name of names.slice(1)) {
      const own = (await call('GET', `/api/deployments/${name}`)).body;
      assert.deepEqual([own.state, own.baseVersion], ['ready', base.version], name);
      assert.equal(own.residentBytes, base.residentBytes);
    }
  });

  test('another lineage is refused as a base, unless it is forced, and then it is recorded', async () => {
    const path = '/api/deployments/one';
    const refused = await call('PATCH', path, { base: 'copy' });
    assert.deepEqual([refused.status, refused.body.error.code], [409, 'deployment.base_mismatch']);
    const wrong = await call('PATCH', path, { base: 'all-minilm-l6-v2' });
    assert.equal(wrong.status, 400, JSON.stringify(wrong.body));
    const before = await ask('one');
    const forced = await call('PATCH', path, { base: 'copy', force: true });
    assert.equal(forced.status, 200, JSON.stringify(forced.body));
    const copy = (await call('GET', '/api/deployments/copy')).body;
    for (let waited = 0; ; waited += 1) {
      // The same weights under another name: the answer is the same, wherever it runs.
      assert.equal(await ask('one'), before);
      if ((await call('GET', path)).body.baseVersion === copy.version) break;
      assert.ok(waited < 60, 'it never moved');
      await pause(500);
    }
    const audited = await stack.store?.pool.query(
      "select detail from audit_records where action = 'deployment.set' order by id desc limit 1",
    );
    assert.equal(audited?.rows[0].detail.forced, true);
  });
});

describe('three models where one fits', () => {
  const names = [chat, 'second', 'third'];
  before(async () => {
    stack = await startTestStack({
      SAMOVAR_ENGINE_PARALLEL: '1',
      SAMOVAR_ENGINE_THREADS: '1',
      SAMOVAR_ENGINE_MEMORY_BYTES: String(500 * 2 ** 20),
      SAMOVAR_DRAIN_SECONDS: '20',
    });
    for (const name of names.slice(1)) await addCopy(name);
    await pause(1_500);
  });
  after(() => stack.stop());

  test('everybody is served within bounds, each has its turn, and who waits knows the place', async (t) => {
    const begun = Date.now();
    // On a machine that is busy with other things loads, and so turns, take longer: then until each had two.
    const goesOn = () => {
      const took = Date.now() - begun;
      return took < 75_000 || (took < 300_000 && names.some((name) => (answers.get(name) ?? 0) < 6));
    };
    const longest = new Map<string, number>();
    const answers = new Map<string, number>();
    const places = new Set<number>();
    let mostWaiting = 0;
    const client = async (name: string) => {
      while (goesOn()) {
        const askedAt = Date.now();
        await ask(name, 8);
        longest.set(name, Math.max(longest.get(name) ?? 0, Date.now() - askedAt));
        answers.set(name, (answers.get(name) ?? 0) + 1);
      }
    };
    const watch = async () => {
      while (goesOn()) {
        const { items } = (await call('GET', '/api/deployments')).body;
        for (const { queue, waitingRequests } of items) {
          if (queue !== null) places.add(queue.position);
          mostWaiting = Math.max(mostWaiting, waitingRequests);
        }
        await pause(400);
      }
    };
    await Promise.all([...names.flatMap((name) => [client(name), client(name)]), watch()]);
    const seconds = (Date.now() - begun) / 1000;
    const loads = await stack.store?.pool.query(
      `select count(*)::int as count, max((detail->>'loadMs')::int)::int as longest_ms
       from deployment_events where to_state = 'ready'`,
    );
    const { count = 99, longest_ms: loadMs = 0 } = loads?.rows[0] ?? {};
    const turnMs = Math.min(60_000, Math.max(10_000, 2 * loadMs));
    const told = JSON.stringify({ longest: [...longest], answers: [...answers], count, loadMs, seconds });
    for (const name of names) {
      // Two turns and three loads, and as much again for the answers that end a turn.
      assert.ok((longest.get(name) ?? Number.POSITIVE_INFINITY) < 2 * (2 * turnMs + 3 * loadMs), told);
      assert.ok((answers.get(name) ?? 0) >= 6, told);
    }
    assert.ok(places.has(1) && places.has(2), [...places].join());
    assert.ok(mostWaiting >= 1);
    // No turn is shorter than ten seconds; and the first loads.
    assert.ok(count <= seconds / 10 + 3, told);
    t.diagnostic(told);
  });

  test('a stream that runs when its turn is over ends properly', async () => {
    const [stream, other] = await Promise.all([ask(chat, 120), pause(500).then(() => ask('second', 4))]);
    assert.ok(stream.length > 100 && other.length > 0);
  });
});
