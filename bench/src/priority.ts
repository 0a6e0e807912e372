import { setTimeout as pause } from 'node:timers/promises';
import { type RunningEngine, startModelWorker } from './engine/model-worker.ts';
import { freshText, longAnswer } from './engine/prompts.ts';
import { streamAnswer } from './engine/stream-answer.ts';
import { percentile, ratioOfPairs } from './measure/pairs.ts';
import { printRows } from './measure/report.ts';

/**
 * What interactive requests notice of background ones, at the worker: their p99 time to first token while background
 * requests fill every slot and the queue, against an idle worker. Prompts are fresh, so that no cache helps.
 */
const engine = await startModelWorker({ threads: 1, parallelSequences: 4, contextTokens: 1024 });
const waiting = 10;
const asked = 20;
const background = { ...engine.endpoint, headers: { 'x-samovar-priority': 'background' } };

try {
  const ratio = await ratioOfPairs(
    () => besideBackground(() => firstTokenP99(engine)),
    () => firstTokenP99(engine),
    5,
  );
  printRows('Interactive requests beside background ones', [
    { name: 'p99 time to first token, beside / alone', ratio, unit: 'ms', bar: { atMost: 1.5 } },
  ]);
} finally {
  await engine.stop();
}

async function firstTokenP99(on: RunningEngine): Promise<number> {
  const times: number[] = [];
  for (let request = 0; request < asked; request += 1) {
    // Arrivals at any moment of a step.
    await pause(((request * 37) % 11) * 7);
    times.push((await streamAnswer(on.endpoint, longAnswer(freshText(24), 4))).firstTokenMs);
  }
  return percentile(times, 0.99);
}

/** Keeps `waiting` background requests in the worker meanwhile, a new one for each that ends. */
async function besideBackground(measure: () => Promise<number>): Promise<number> {
  let stopped = false;
  const feeders = Array.from({ length: waiting }, async () => {
    while (!stopped) await streamAnswer(background, longAnswer(freshText(40), 32));
  });
  await pause(1000);
  try {
    return await measure();
  } finally {
    stopped = true;
    await Promise.all(feeders);
  }
}
