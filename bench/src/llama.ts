import { startLlamaServer } from './engine/llama-server.ts';
import { type RunningEngine, startModelWorker } from './engine/model-worker.ts';
import { freshText, longAnswer } from './engine/prompts.ts';
import { streamAnswer } from './engine/stream-answer.ts';
import { ratioOfPairs } from './measure/pairs.ts';
import { type BenchRow, printRows } from './measure/report.ts';

/**
 * Our llama-cpp worker against llama-server, built from the same source: generated tokens per second at equal
 * threads, model, prompt and sampling (greedy), without help of a cache.
 */
const size = { threads: 1, parallelSequences: 4, contextTokens: 1024 };
const answerTokens = 96;

const ours = await startModelWorker(size);
const theirs = await startLlamaServer(size);
try {
  const rows: BenchRow[] = [];
  for (const [sequences, bar, pairs] of [
    [1, 0.9, 21],
    [4, 0.75, 7],
  ] as const) {
    const ratio = await ratioOfPairs(
      () => tokensPerSecond(ours, sequences),
      () => tokensPerSecond(theirs, sequences),
      pairs,
    );
    rows.push({
      name: `${sequences} sequences, ours / llama-server`,
      ratio,
      unit: 'tok/s',
      bar: { atLeast: bar },
    });
  }
  printRows('llama-cpp worker against llama-server', rows);
} finally {
  await ours.stop();
  await theirs.stop();
}

async function tokensPerSecond(engine: RunningEngine, sequences: number): Promise<number> {
  const begunAt = performance.now();
  const answers = await Promise.all(
    Array.from({ length: sequences }, () =>
      streamAnswer(engine.endpoint, longAnswer(freshText(24), answerTokens)),
    ),
  );
  const tokens = answers.reduce((sum, answer) => sum + answer.answerTokens, 0);
  return tokens / ((performance.now() - begunAt) / 1000);
}
