import { setTimeout as pause } from 'node:timers/promises';
import { startBareLoop } from './engine/bare-loop.ts';
import { benchModel } from './engine/model-worker.ts';
import { freshText, longAnswer } from './engine/prompts.ts';
import { ratioOfPairs } from './measure/pairs.ts';
import { printRows } from './measure/report.ts';
import { startAsyncStack } from './queue/async-stack.ts';

/**
 * Asynchronous requests end to end (accepted, queued, dispatched, answered, metered, ended) against the bare loop of
 * the same scheduler with as many at a time as the stack has slots. Answers of 16 tokens; with the bare loop's own, more than 1,000 requests in all.
 */
const requests = 100;
const answerTokens = 16;
const slots = 4;
const { files } = await benchModel();
const modelPath = Object.entries(files).find(([name]) => name.endsWith('.gguf'))?.[1];
if (modelPath === undefined) throw new Error('the benchmark model has no GGUF file');

const stack = await startAsyncStack({ SAMOVAR_ENGINE_THREADS: '1', SAMOVAR_ENGINE_PARALLEL: String(slots) });
const bare = await startBareLoop({ modelPath, threads: 1, slots, contextTokens: 2048 });
try {
  const ratio = await ratioOfPairs(queued, () =>
    bare.requestsPerSecond({ prompts: prompts(), answerTokens, atOnce: slots }),
  );
  printRows('Asynchronous requests end to end', [
    { name: `${requests} requests, queue / bare loop`, ratio, unit: 'requests/s', bar: { atLeast: 0.95 } },
  ]);
} finally {
  await bare.stop();
  await stack.stop();
}

function prompts(): string[] {
  return Array.from({ length: requests }, () => freshText(12));
}

async function queued(): Promise<number> {
  await stack.clear();
  const bodies = prompts().map((prompt) => longAnswer(prompt, answerTokens));
  const begunAt = performance.now();
  await stack.submit(bodies);
  while ((await stack.ended()) < requests) await pause(20);
  return (requests / (performance.now() - begunAt)) * 1000;
}
