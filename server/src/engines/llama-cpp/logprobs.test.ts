import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startTestWorker } from '../../../test/llama-worker.ts';
import { testModel } from '../../../test/models.ts';

const messages = [{ role: 'user', content: 'Name three animals that live in the sea.' }];

/** The library's own evaluation of the same tokens: the probabilities of what comes next, over the vocabulary. */
async function reference(tokens: readonly number[]) {
  const { files } = await testModel('smollm2-135m-instruct');
  const script = fileURLToPath(new URL('../../../test/llama-reference-process.ts', import.meta.url));
  const options = { maxBuffer: 64 * 1024 * 1024 };
  const args = [script, Object.values(files)[0] ?? '', JSON.stringify(tokens)];
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  return JSON.parse(stdout) as [text: string, probability: number][];
}

test('log-probabilities are those of the model before sampling, as a reference evaluation has them', async () => {
  const worker = await startTestWorker({ parallelSequences: 1, contextTokens: 512 });
  await worker.ready();
  const ask = async (extra: Record<string, unknown>) =>
    (await worker.chat({ messages, max_tokens: 4, logprobs: true, top_logprobs: 20, ...extra })).choices[0]
      ?.logprobs?.content ?? [];
  const greedy = await ask({ temperature: 0 });
  for (const { token, logprob, top_logprobs } of greedy) {
    assert.equal(top_logprobs[0]?.token, token, 'the greedy token is the most likely one');
    assert.equal(top_logprobs[0]?.logprob, logprob);
    const sorted = top_logprobs.map((other) => other.logprob);
    assert.deepEqual(
      sorted,
      sorted.toSorted((a, b) => b - a),
    );
    assert.ok(sorted.reduce((sum, value) => sum + Math.exp(value), 0) <= 1.001);
  }
  const wild = await ask({ temperature: 2, top_k: 3, presence_penalty: 2, logit_bias: { '28': 5 }, seed: 1 });
  assert.deepEqual(wild[0]?.top_logprobs, greedy[0]?.top_logprobs, 'sampling does not change them');

  const { tokens } = await worker.json<{ tokens: number[] }>('/tokenize', { messages });
  const expected = await reference(tokens);
  const sum = expected.reduce((total, [, probability]) => total + probability, 0);
  assert.ok(Math.abs(sum - 1) < 1e-3);
  for (const [index, { token, logprob }] of (greedy[0]?.top_logprobs ?? []).entries()) {
    const same = expected.find(([text]) => text === token);
    assert.ok(same, `${JSON.stringify(token)} at ${index}`);
    const off = Math.abs(Math.log(same[1]) - logprob);
    assert.ok(off < 0.02, `${JSON.stringify(token)} is off by ${off}`);
  }
  await worker.stop();
});
