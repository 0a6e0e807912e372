import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pause, startTestWorker } from '../../../test/llama-worker.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a worker ends also after all garbage was collected', { timeout: 30_000 }, async () => {
  const worker = await startTestWorker();
  assert.equal(await worker.ready(), 'ready');
  await worker.json('/v1/completions', { prompt: 'One two', max_tokens: 2 });
  for (let times = 0; times < 5; times += 1) {
    collectGarbage();
    await pause(20);
  }
  await worker.stop();
});
