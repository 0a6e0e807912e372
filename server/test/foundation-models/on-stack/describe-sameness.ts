import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { startTestStack, type TestStack } from '../../stack.ts';
import { askSurfaces, type Surfaces } from './ask-surfaces.ts';
import { generatedRequest } from './generated-request.ts';

/** The test that all surfaces mean the same, with so many generated requests to the real small model. */
export function describeSameness(count: number): void {
  let stack: TestStack;
  let surfaces: Surfaces;
  before(async () => {
    // One of its own: beside other requests the last bits of the arithmetic, and so a word, may differ.
    stack = await startTestStack({ SAMOVAR_LOG_LEVEL: 'error' });
    surfaces = askSurfaces(stack);
  });
  after(async () => {
    surfaces?.close();
    await stack?.stop();
  });

  test(`${count} generated requests mean the same over REST, gRPC and the OpenAI API`, async (context) => {
    const seed = Date.now() & 0x7fffffff;
    const ends: Record<string, number> = {};
    for (const request of fc.sample(generatedRequest, { numRuns: count, seed })) {
      const told = `seed ${seed}: ${JSON.stringify(request)}`;
      const openai = await surfaces.openai(request);
      assert.deepEqual(await surfaces.rest(request), openai, `REST, ${told}`);
      assert.deepEqual(await surfaces.grpc(request), openai, `gRPC, ${told}`);
      ends[openai.end] = (ends[openai.end] ?? 0) + 1;
    }
    context.diagnostic(JSON.stringify({ seed, ends }));
    // Few requests need not end in every way.
    const ways = count < 100 ? ['length'] : ['length', 'stop', 'tool_calls'];
    for (const way of ways) assert.ok((ends[way] ?? 0) > 0, JSON.stringify(ends));
  });
}
