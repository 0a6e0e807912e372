import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { cleanUp } from '../supervised-run.ts';
import { startChaosStack } from './chaos-stack.ts';
import { startClientLoad } from './client-load.ts';
import { assertNoTruncation, mustBeMetered, stopWhole, untilServed } from './hurt-stack.ts';
import { assertMeteredAsAnswered, reportedTotals, sumOf, untilMetered } from './metered-usage.ts';
import { randomFrom, randomHurt } from './random-hurt.ts';

const chaosMs = Number(process.env.SAMOVAR_CHAOS_SECONDS ?? 300) * 1000;
const seed = Number(process.env.SAMOVAR_CHAOS_SEED ?? Date.now() % 100_000);

after(cleanUp);

test(`random kills under load cost no truth (SAMOVAR_CHAOS_SEED=${seed})`, async () => {
  const stack = await startChaosStack();
  const random = randomFrom(seed);
  const since = Date.now();
  const apiKills: number[] = [];
  const load = startClientLoad(stack);
  let done = 0;
  try {
    while (Date.now() - since < chaosMs) {
      await pause(1_000 + random() * 6_000);
      const { name, apiToo, hurt } = randomHurt(random);
      const killedAt = Date.now();
      if (apiToo) apiKills.push(killedAt);
      await hurt(stack);
      // Pauses between restarts grow when the same process is killed again and again.
      await untilServed(stack, killedAt, { servedWithinMs: 60_000 });
      done += 1;
      console.log(`${name}: served again after ${Date.now() - killedAt} ms`);
    }
  } finally {
    await load.stop();
  }
  assert.ok(done > 0);
  assertNoTruncation(load.outcomes);
  assert.ok(load.outcomes.filter(({ end }) => end === 'completed').length > done);
  const certain = load.outcomes.filter((outcome) => mustBeMetered(outcome, apiKills));
  const rows = await untilMetered(stack, certain, since, 30_000);
  assertMeteredAsAnswered(rows, load.outcomes);
  const { requests, inputTokens, cachedInputTokens, outputTokens } = await reportedTotals(stack, since);
  assert.deepEqual({ requests, inputTokens, cachedInputTokens, outputTokens }, sumOf(rows.values()));
  await stopWhole(stack);
});
