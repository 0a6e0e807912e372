import { setTimeout as pause } from 'node:timers/promises';
import { freshText, longAnswer } from './engine/prompts.ts';
import { streamAnswer } from './engine/stream-answer.ts';
import { percentile, ratioOfPairs } from './measure/pairs.ts';
import { printRows } from './measure/report.ts';
import { startAsyncStack } from './queue/async-stack.ts';

/**
 * What interactive requests notice of asynchronous ones, through the whole stack: their p99 time to first token while
 * a thousand wait and every slot has one, against an idle stack. Prompts are fresh, so that no cache helps. Each round
 * asks twenty, so its p99 is the slowest of them.
 */
const waiting = 1_000;
const asked = 20;
const stack = await startAsyncStack({ SAMOVAR_ENGINE_THREADS: '1', SAMOVAR_ENGINE_PARALLEL: '4' });
try {
  const ratio = await ratioOfPairs(
    async () => {
      await stack.submit(Array.from({ length: waiting }, () => longAnswer(freshText(24), 64)));
      await pause(1_000);
      const p99 = await firstTokenP99();
      await stack.clear();
      return p99;
    },
    firstTokenP99,
    5,
  );
  printRows('Interactive requests beside a thousand asynchronous ones', [
    { name: 'p99 time to first token, beside / alone', ratio, unit: 'ms', bar: { atMost: 1.5 } },
  ]);
} finally {
  await stack.stop();
}

async function firstTokenP99(): Promise<number> {
  const times: number[] = [];
  for (let request = 0; request < asked; request += 1) {
    // Arrivals at any moment of a step.
    await pause(((request * 37) % 11) * 7);
    const body = { ...longAnswer(freshText(24), 4), model: 'chat-default' };
    times.push((await streamAnswer(stack.endpoint, body)).firstTokenMs);
  }
  return percentile(times, 0.99);
}
