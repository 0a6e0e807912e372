import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBareLoop } from './engine/bare-loop.ts';
import { benchModel } from './engine/model-worker.ts';
import { freshText, longAnswer } from './engine/prompts.ts';
import { type Ratio, ratioOfPairs } from './measure/pairs.ts';
import { printRows } from './measure/report.ts';
import { startAsyncStack } from './queue/async-stack.ts';

/**
 * Asynchronous requests end to end (accepted, queued, dispatched, answered, metered, ended) against the bare loop of
 * the same scheduler with as many at a time as the stack has slots. Answers of 16 tokens; all pairs together have more
 * than 1,000 requests. `--requests 1000` queues so many at once: in one pair, as they take minutes, after one of the
 * usual size.
 */
const { values: flags } = parseArgs({ options: { requests: { type: 'string' } } });
const usualRequests = 100;
const requests = Number(flags.requests ?? usualRequests);
const answerTokens = 16;
const slots = 4;
const { files, manifest } = await benchModel();
const modelPath = Object.entries(files).find(([name]) => name.endsWith('.gguf'))?.[1];
if (modelPath === undefined) throw new Error('the benchmark model has no GGUF file');

const stack = await startAsyncStack({ SAMOVAR_ENGINE_THREADS: '1', SAMOVAR_ENGINE_PARALLEL: String(slots) });
const bare = await startBareLoop({
  modelPath,
  threads: 1,
  slots,
  contextTokens: 2048,
  engineOptions: manifest.engineOptions,
});
try {
  const ratio =
    requests > usualRequests
      ? await onePair()
      : await ratioOfPairs(
          () => queued(requests),
          () => looped(requests),
        );
  printRows('Asynchronous requests end to end', [
    { name: `${requests} requests, queue / bare loop`, ratio, unit: 'requests/s', bar: { atLeast: 0.95 } },
  ]);
} finally {
  await bare.stop();
  await stack.stop();
}

async function onePair(): Promise<Ratio> {
  await queued(usualRequests);
  await looped(usualRequests);
  const [ours, theirs] = [await queued(requests), await looped(requests)];
  const ratio = ours / theirs;
  return { median: ratio, low: ratio, high: ratio, ours: [ours], theirs: [theirs] };
}

function prompts(count: number): string[] {
  return Array.from({ length: count }, () => freshText(12));
}

/** Requests per second of the bare loop. */
async function looped(count: number): Promise<number> {
  return await bare.requestsPerSecond({ prompts: prompts(count), answerTokens, atOnce: slots });
}

/** Requests per second of the queue, from the first sent to the last ended. */
async function queued(count: number): Promise<number> {
  await stack.clear();
  const bodies = prompts(count).map((prompt) => longAnswer(prompt, answerTokens));
  const begunAt = performance.now();
  await stack.submit(bodies);
  while ((await stack.ended()) < count) await pause(20);
  return (count / (performance.now() - begunAt)) * 1000;
}
