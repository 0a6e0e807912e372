import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { sql } from 'kysely';
import { type TestModel, testModel } from '../../../test/models.ts';
import { createServingFloor } from '../../../test/serving-floor.ts';
import { putTinyGguf } from '../../../test/tiny-gguf.ts';
import { modelWorkerEntry, proportionalBytes, residentBytes } from '../../../test/worker-memory.ts';
import { llamaCppDriver } from '../../engines/llama-cpp/driver.ts';
import { onnxDriver } from '../../engines/onnx/driver.ts';
import { requestLoad } from '../../modules/serving/index.ts';

const floor = await createServingFloor(modelWorkerEntry);
const drivers = [llamaCppDriver, onnxDriver];
/** What estimates of workers that were never measured may be wrong by, in all. */
const tolerance = 1.1;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-budget-'));
});
afterEach(() => floor.reset());
after(async () => {
  await floor.end();
  await rm(folder, { recursive: true });
});

test('many tiny models that are called in turn never take more than the budget, their processes included', async () => {
  const tiny = await putTinyGguf(folder);
  const models = Array.from({ length: 6 }, (_, at) =>
    floor.addModel(`tiny-${at}`, { manifest: tiny.manifest }),
  );
  // Four of them have room.
  const memoryBudgetBytes = 600e6;
  floor.startHost({ memoryBudgetBytes, drivers });
  const looks: { pss: number; rss: number; workers: number }[] = [];
  const look = async () => {
    const { rows } = await sql<{ pid: number }>`
      select pid from model_workers where pid is not null and state <> 'unloaded'`.execute(floor.database);
    const sum = (of: (pid: number) => number) => rows.reduce((bytes, { pid }) => bytes + of(pid), 0);
    looks.push({ pss: sum(proportionalBytes), rss: sum(residentBytes), workers: rows.length });
  };
  for (const model of models) {
    await floor.untilKnown(model);
    await requestLoad(floor, model);
    await floor.until(async () => {
      await look();
      return (await floor.status(model)).state === 'ready';
    });
  }
  const most = (of: 'pss' | 'rss' | 'workers') => Math.max(...looks.map((each) => each[of]));
  const told = `pss ${most('pss')}, rss ${most('rss')}, ${most('workers')} workers`;
  assert.ok(most('workers') >= 4 && most('workers') <= 5, told);
  assert.ok(most('pss') <= memoryBudgetBytes, told);
  assert.ok(most('rss') <= tolerance * memoryBudgetBytes, told);
});

test('a machine with too little for the process of an engine says so, and loads nothing', async () => {
  const model = floor.addModel('tiny', { manifest: (await putTinyGguf(folder)).manifest });
  floor.startHost({ memoryBudgetBytes: 100e6, drivers });
  await floor.untilKnown(model);
  await requestLoad(floor, model);
  const { lastError } = await floor.untilState(model, 'failed');
  assert.match(
    lastError ?? '',
    /^it needs \d+ MB \(138 MB of it the process of its engine\), and of the memory budget of 100 MB at most 100 MB can be freed/,
  );
});

test('the two models that come with a release are loaded side by side where a machine of 2 GB gives 70 % to models', async () => {
  const [chat, embedding] = [
    await testModel('smollm2-135m-instruct'),
    await testModel('all-minilm-l6-v2'),
  ].map((each) => floor.addModel(each.manifest.name, { manifest: atTheirPlaces(each) }));
  assert.ok(chat && embedding);
  const memoryBudgetBytes = 0.7 * 2e9;
  floor.startHost({ memoryBudgetBytes, drivers, preload: [chat.name, embedding.name] });
  await floor.untilState(chat, 'ready');
  await floor.untilState(embedding, 'ready');
  assert.equal((await floor.status(chat)).contextTokens, 8192);
  const both = [await floor.workerPid(chat), await floor.workerPid(embedding)];
  const taken = both.reduce((bytes, pid) => bytes + residentBytes(pid), 0);
  assert.ok(taken <= memoryBudgetBytes, `${taken}`);
});

function atTheirPlaces({ manifest, files }: TestModel): TestModel['manifest'] {
  return {
    ...manifest,
    files: manifest.files.map((file) => ({ ...file, pathInSource: files[file.name] ?? '' })),
  };
}
