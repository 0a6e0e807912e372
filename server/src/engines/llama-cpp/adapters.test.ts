import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startTestWorker } from '../../../test/llama-worker.ts';
import { writeAdapter } from '../../../test/lora-adapter.ts';

const folder = mkdtempSync(join(tmpdir(), 'samovar-adapters-'));
const path = (name: string) => join(folder, `${name}.gguf`);
let worker: Awaited<ReturnType<typeof startTestWorker>>;

before(async () => {
  await writeAdapter(path('zeros'), { strength: 0, seed: 1 });
  await writeAdapter(path('one'), { strength: 0.3, seed: 2 });
  await writeAdapter(path('other'), { strength: 0.3, seed: 3 });
  await writeAdapter(path('wider'), { strength: 0.3, seed: 4, misfits: true });
  writeFileSync(path('broken'), 'not a model');
  worker = await startTestWorker({
    contextTokens: 256,
    adapters: ['zeros', 'one', 'other', 'broken', 'wider'].map((name) => ({
      versionId: `version-${name}`,
      name,
      path: path(name),
      parallelSequences: 2,
    })),
  });
  assert.equal(await worker.ready(), 'ready');
});
after(async () => {
  await worker.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function answer(adapter: string | null, question = 'Tell me about the sea.'): Promise<string> {
  const body = {
    messages: [{ role: 'user', content: question }],
    max_tokens: 12,
    temperature: 0,
    seed: 5,
    ...(adapter === null ? {} : { samovar: { adapter: `version-${adapter}` } }),
  };
  const { choices } = await worker.chat(body);
  return choices[0]?.message.content ?? '';
}

test('an adapter of zeros answers as its base, and one that changes the weights otherwise', async () => {
  const base = await answer(null);
  assert.ok(base.length > 10, base);
  assert.equal(await answer('zeros'), base);
  const [one, other] = [await answer('one'), await answer('other')];
  assert.notEqual(one, base);
  assert.notEqual(other, base);
  assert.notEqual(one, other);
});

test('adapters and their base answer at the same time, and none sees anything of another', async () => {
  const names = [null, 'zeros', 'one', 'other'] as const;
  const alone = new Map<string | null, string>();
  for (const name of names) alone.set(name, await answer(name));
  for (let round = 0; round < 2; round += 1) {
    const together = await Promise.all(names.map((name) => answer(name)));
    for (const [index, name] of names.entries()) assert.equal(together[index], alone.get(name), `${name}`);
  }
});

test('a prefix that is in the cache of one is read again by another', async () => {
  const cached = async (adapter: string | null) => {
    const answered = await worker.chat({
      messages: [{ role: 'user', content: 'A question that nobody else asks of anybody here, at all.' }],
      max_tokens: 1,
      ...(adapter === null ? {} : { samovar: { adapter: `version-${adapter}` } }),
    });
    return answered.usage?.prompt_tokens_details?.cached_tokens ?? 0;
  };
  // What every prompt of the template begins with may be there.
  const first = await cached(null);
  assert.ok((await cached(null)) > first);
  assert.ok((await cached('one')) <= first);
  assert.ok((await cached('one')) > first);
  assert.ok((await cached('other')) <= first);
});

test('an adapter that cannot be loaded says so alone, and one that is not here is not ready', async () => {
  const ask = (adapter: string) =>
    worker.post('/v1/chat/completions', {
      messages: [{ role: 'user', content: 'Hi' }],
      samovar: { adapter },
    });
  const broken = await ask('version-broken');
  assert.equal(broken.status, 503);
  assert.match(broken.text, /engine\.load_failed.*does not fit smollm2-135m-instruct/);
  assert.match((await ask('version-wider')).text, /engine\.load_failed/);
  const { failedAdapters } = await worker.health();
  assert.deepEqual(Object.keys(failedAdapters ?? {}).toSorted(), ['version-broken', 'version-wider']);
  assert.match(failedAdapters?.['version-wider'] ?? '', /\w/);
  const unknown = await ask('version-of-another-time');
  assert.equal(unknown.status, 503);
  assert.match(unknown.text, /model\.not_ready/);
});

test('each adapter has slots of its own, beside those of the base', async () => {
  const health = await worker.health();
  assert.equal(health.slots, 2);
  const running = ['one', 'one', 'other', null].map((name, index) => answer(name, `Count to ${index + 20}.`));
  let most = 0;
  const watch = setInterval(async () => {
    most = Math.max(most, (await worker.health()).activeRequests);
  }, 20);
  await Promise.all(running);
  clearInterval(watch);
  assert.ok(most >= 3, String(most));
});
