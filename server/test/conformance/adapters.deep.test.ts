import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { WorkerAdapter, WorkerHealth } from '@samovar/contract/worker-protocol';
import type { ChatCompletion } from 'openai/resources/chat/completions';
import { llamaServerProgram } from '../llama-server-program.ts';
import { writeAdapter } from '../lora-adapter.ts';
import { testModel } from '../models.ts';
import { type StartedWorker, startModelWorker } from './start-model-worker.ts';

const folder = mkdtempSync(join(tmpdir(), 'samovar-adapters-'));
const strengths = { zeros: 0, one: 0.3, other: 0.3 } as const;
const weightsBytes = 98_362_432;
/** 23,040 bytes a token, 256 tokens, two sequences, and what a context computes in. */
const contextBytes = 23_040 * 256 * 2 + 40 * 2 ** 20;

const adapterOf = (name: string): WorkerAdapter => ({
  versionId: `version-${name}`,
  name,
  path: join(folder, `${name}.gguf`),
  parallelSequences: 2,
});

before(async () => {
  for (const [index, [name, strength]] of Object.entries(strengths).entries())
    await writeAdapter(adapterOf(name).path, { strength, seed: index + 1 });
  await writeAdapter(adapterOf('wide').path, { strength: 0.3, seed: 9, misfits: true });
  writeFileSync(adapterOf('broken').path, 'not a model');
});
after(() => rmSync(folder, { recursive: true, force: true }));

for (const engine of ['llama-cpp', 'llama-server'] as const)
  describe(`adapters and options on ${engine}`, () => {
    let worker: StartedWorker;

    async function start(
      names: readonly string[],
      more: { contextTokens?: number; kvCache?: 'q8_0' } = {},
    ): Promise<StartedWorker> {
      const { manifest, files } = await testModel('smollm2-135m-instruct');
      const engineProgram = engine === 'llama-server' ? await llamaServerProgram() : undefined;
      return await startModelWorker(
        { files, manifest: { ...manifest, engine } },
        {
          parallelSequences: 2,
          queueLimit: 8,
          contextTokens: 256,
          ...(names.length > 0 && { adapters: names.map(adapterOf) }),
          ...(engineProgram !== undefined && { engineProgram }),
          ...more,
        },
      );
    }

    async function ask(adapter: string | null, on = worker): Promise<string> {
      const { status, body } = await on.client.post('/v1/chat/completions', {
        messages: [{ role: 'user', content: 'Tell me about the sea.' }],
        max_tokens: 12,
        temperature: 0,
        seed: 5,
        ...(adapter === null ? {} : { samovar: { adapter: adapterOf(adapter).versionId } }),
      });
      assert.equal(status, 200, JSON.stringify(body));
      return (body as ChatCompletion).choices[0]?.message.content ?? '';
    }

    const residentBytes = async (on: StartedWorker) =>
      ((await on.client.get('/health')).body as WorkerHealth).residentBytes;

    before(async () => {
      worker = await start(Object.keys(strengths));
    });
    after(() => worker.stop());

    test('one of zeros answers as the base; two others apart, from it and from each other', async () => {
      const base = await ask(null);
      assert.equal(await ask('zeros'), base);
      const all = [base, await ask('one'), await ask('other')];
      assert.equal(new Set(all).size, 3, JSON.stringify(all));
    });

    test('asked for at the same time, each answers as it does alone', async () => {
      const names = [null, 'zeros', 'one', 'other'] as const;
      const alone: string[] = [];
      for (const name of names) alone.push(await ask(name));
      for (let round = 0; round < 2; round += 1)
        assert.deepEqual(await Promise.all(names.map((name) => ask(name))), alone);
    });

    test('the weights of the base are in memory once', async () => {
      const alone = await start([]);
      try {
        assert.equal(await ask(null, alone), await ask(null), 'adapters change nothing of the base');
        const added = (await residentBytes(worker)) - (await residentBytes(alone));
        assert.ok(added < Object.keys(strengths).length * contextBytes, `${added} bytes more`);
        assert.ok(added < 2 * weightsBytes, `${added} bytes more than one copy for three adapters`);
      } finally {
        await alone.stop();
      }
    });

    test('a cache of keys and values of 8 bits answers, and takes about half the memory', async () => {
      // 23,040 bytes a token in half precision: 180 MiB for two sequences of 4,096 tokens.
      const contextTokens = 4096;
      const [half, eighth] = [
        await start([], { contextTokens }),
        await start([], { contextTokens, kvCache: 'q8_0' }),
      ];
      try {
        assert.ok((await ask(null, half)).length > 0);
        assert.match(await ask(null, eighth), /\w+ \w+/);
        const saved = (await residentBytes(half)) - (await residentBytes(eighth));
        assert.ok(saved > 50 * 2 ** 20, `${saved} bytes saved`);
      } finally {
        await Promise.all([half.stop(), eighth.stop()]);
      }
    });

    test('those that do not fit are refused by their names, and the base and the others answer', async () => {
      const damaged = await start(['one', 'broken', 'wide', 'other']);
      try {
        const texts = [await ask(null, damaged), await ask('one', damaged), await ask('other', damaged)];
        assert.deepEqual(texts, [await ask(null), await ask('one'), await ask('other')]);
        for (const name of ['broken', 'wide']) {
          const { status, body } = await damaged.client.post('/v1/chat/completions', {
            messages: [{ role: 'user', content: 'Hi' }],
            samovar: { adapter: adapterOf(name).versionId },
          });
          assert.equal(status, 503);
          assert.match(JSON.stringify(body), new RegExp(`engine\\.load_failed.*${name}`));
        }
        const { failedAdapters = {} } = (await damaged.client.get('/health')).body as WorkerHealth;
        assert.deepEqual(Object.keys(failedAdapters).toSorted(), ['version-broken', 'version-wide']);
      } finally {
        await damaged.stop();
      }
    });
  });
