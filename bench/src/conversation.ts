import { type RunningEngine, startModelWorker } from './engine/model-worker.ts';
import { freshText, longAnswer } from './engine/prompts.ts';
import { streamAnswer } from './engine/stream-answer.ts';
import { percentile, ratioOfPairs } from './measure/pairs.ts';
import { printRows } from './measure/report.ts';

/**
 * What a long prompt costs: the second turn of a 1,500-token conversation against its cold first turn (time to first
 * token), and the gaps of a running stream while such a prompt enters against the gaps without.
 */
const promptWords = 1_350;
const engine = await startModelWorker({ threads: 1, parallelSequences: 4, contextTokens: 4_096 });
try {
  let conversation = '';
  const turns = await ratioOfPairs(
    async () => {
      // The second turn of the conversation that the last cold turn began; the first call warms up alone.
      const begun = conversation === '' ? await coldTurn() : conversation;
      return (await streamAnswer(engine.endpoint, longAnswer(`${begun} and then`, 8))).firstTokenMs;
    },
    async () => {
      conversation = freshText(promptWords);
      return (await streamAnswer(engine.endpoint, longAnswer(conversation, 8))).firstTokenMs;
    },
    5,
  );
  const gaps = await ratioOfPairs(
    () => gapWhilePromptEnters(engine),
    () => gapAlone(engine),
    5,
  );
  printRows('Long prompts', [
    { name: 'second turn / cold turn, time to first token', ratio: turns, unit: 'ms', bar: { atMost: 0.2 } },
    { name: 'p99 gap with a prompt entering / without', ratio: gaps, unit: 'ms', bar: { atMost: 4 } },
  ]);
} finally {
  await engine.stop();
}

async function coldTurn(): Promise<string> {
  const text = freshText(promptWords);
  await streamAnswer(engine.endpoint, longAnswer(text, 1));
  return text;
}

async function gapAlone(on: RunningEngine): Promise<number> {
  return p99Gap((await streamAnswer(on.endpoint, longAnswer(freshText(16), 200))).times);
}

/** The stream runs all the while: the prompt enters once it has begun, and only gaps during its entry count. */
async function gapWhilePromptEnters(on: RunningEngine): Promise<number> {
  const running = streamAnswer(on.endpoint, longAnswer(freshText(16), 400));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const enteredAt = performance.now();
  const entering = await streamAnswer(on.endpoint, longAnswer(freshText(promptWords), 1));
  const { times } = await running;
  return p99Gap(times.filter((time) => time >= enteredAt && time <= enteredAt + entering.totalMs));
}

function p99Gap(times: readonly number[]): number {
  return percentile(
    times.slice(1).map((time, index) => time - (times[index] ?? time)),
    0.99,
  );
}
