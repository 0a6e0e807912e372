import { startTestStack } from '../../server/test/stack.ts';
import { startBareLoop } from './engine/bare-loop.ts';
import { benchModel } from './engine/model-worker.ts';
import { freshText, longAnswer } from './engine/prompts.ts';
import { streamAnswer } from './engine/stream-answer.ts';
import { ratioOfPairs } from './measure/pairs.ts';
import { printRows } from './measure/report.ts';

/**
 * The whole stack (HTTP in, key, limits, metering, model worker, server-sent events out) against the bare loop of the
 * same scheduler on the same model with the same threads: tokens per second of one streamed answer.
 */
const answerTokens = 192;
const { files, manifest } = await benchModel();
const modelPath = Object.entries(files).find(([name]) => name.endsWith('.gguf'))?.[1];
if (modelPath === undefined) throw new Error('the benchmark model has no GGUF file');

const stack = await startTestStack({ SAMOVAR_ENGINE_THREADS: '1', SAMOVAR_ENGINE_PARALLEL: '4' });
const bare = await startBareLoop({
  modelPath,
  threads: 1,
  slots: 4,
  contextTokens: 2048,
  engineOptions: manifest.engineOptions,
});
try {
  const endpoint = {
    port: Number(new URL(stack.url).port),
    path: '/v1/completions',
    headers: { authorization: `Bearer ${stack.key}` },
  };
  const ratio = await ratioOfPairs(
    async () => {
      const answer = await streamAnswer(endpoint, {
        ...longAnswer(freshText(24), answerTokens),
        model: 'chat-default',
      });
      return (answer.answerTokens / answer.totalMs) * 1000;
    },
    () => bare.tokensPerSecond({ prompt: freshText(24), answerTokens }),
    41,
  );
  printRows('The whole stack against the bare loop', [
    { name: 'streamed tokens, stack / bare loop', ratio, unit: 'tok/s', bar: { atLeast: 0.97 } },
  ]);
} finally {
  await bare.stop();
  await stack.stop();
}
