import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startTestWorker } from '../../../test/llama-worker.ts';

const worker = await startTestWorker({ parallelSequences: 2, contextTokens: 2048 });
await worker.ready();
after(() => worker.stop());

const endless = { logit_bias: { '0': -100, '2': -100 } };
const ask = (content: string, tokens: number) => ({
  messages: [{ role: 'user', content }],
  max_tokens: tokens,
  ...endless,
});

/** A stream and the times at which its pieces come. */
function streamedGaps(tokens: number, requestId: string) {
  const arrivals: number[] = [];
  const ended = worker.stream(ask('Tell me a long story.', tokens), { 'x-request-id': requestId }, () =>
    arrivals.push(performance.now()),
  );
  return { arrivals, ended };
}

function percentile99(arrivals: readonly number[]): number {
  const gaps = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? at));
  const sorted = gaps.sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
}

test('a prompt of 1,500 tokens that enters does not stall a running stream', async () => {
  const ratios: number[] = [];
  for (let pair = 0; pair < 3; pair += 1) {
    const alone = streamedGaps(200, 'alone');
    await alone.ended;
    const disturbed = streamedGaps(1500, 'disturbed');
    while (disturbed.arrivals.length < 20) await new Promise((resolve) => setTimeout(resolve, 20));
    const from = performance.now();
    const prompt = Array.from({ length: 190 }, (_, i) => `Line ${pair} ${i}`).join('; ');
    const entered = await worker.chat(ask(prompt, 1));
    const until = performance.now();
    assert.ok((entered.usage?.prompt_tokens ?? 0) > 1400);
    await worker.post('/cancel', { requestId: 'disturbed' });
    await disturbed.ended;
    const during = disturbed.arrivals.filter((at) => at >= from && at <= until);
    ratios.push(percentile99(during) / percentile99(alone.arrivals));
  }
  const median = ratios.toSorted((a, b) => a - b)[1] ?? Number.POSITIVE_INFINITY;
  assert.ok(
    median <= 4,
    `the gap grew ${median.toFixed(1)} times (${ratios.map((r) => r.toFixed(1)).join(', ')})`,
  );
});
