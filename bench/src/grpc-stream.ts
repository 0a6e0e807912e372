import { startTestStack } from '../../server/test/stack.ts';
import { streamAnswer } from './engine/stream-answer.ts';
import { streamCompletion } from './grpc/stream-completion.ts';
import { ratioOfPairs } from './measure/pairs.ts';
import { printRows } from './measure/report.ts';

/** A streamed answer over gRPC (each message carries the whole text so far) against the OpenAI stream of the same model. */
const answerTokens = 160;
const stack = await startTestStack({ SAMOVAR_ENGINE_THREADS: '1', SAMOVAR_ENGINE_PARALLEL: '4' });
const endpoint = {
  port: Number(new URL(stack.url).port),
  path: '/v1/chat/completions',
  headers: { authorization: `Bearer ${stack.key}` },
};
let asked = 0;

/** A question that shares no beginning with an earlier one, so that no cache helps. */
function question(): string {
  asked += 1;
  return `${asked} ${Date.now()}: tell a long story of a river, a bridge and a market town, with many details.`;
}

try {
  const ratio = await ratioOfPairs(
    () => streamCompletion(stack.grpcAddress, stack.key, { text: question(), maxTokens: answerTokens }),
    async () => {
      const answer = await streamAnswer(endpoint, {
        model: 'chat-default',
        messages: [{ role: 'user', content: question() }],
        max_tokens: answerTokens,
        temperature: 0,
      });
      return (answer.answerTokens / answer.totalMs) * 1000;
    },
    21,
  );
  printRows('A stream over gRPC', [
    { name: 'streamed tokens, gRPC / OpenAI', ratio, unit: 'tok/s', bar: { atLeast: 0.97 } },
  ]);
} finally {
  await stack.stop();
}
