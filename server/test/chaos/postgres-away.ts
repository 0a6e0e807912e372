import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { ChaosStack } from './chaos-stack.ts';
import { startClientLoad } from './client-load.ts';
import { assertMeteredAsAnswered, reportedTotals, sumOf, untilMetered } from './metered-usage.ts';

export interface Absence {
  begin(): void | Promise<void>;
  end(): void | Promise<void>;
  readonly lastsMs: number;
}

/**
 * Takes PostgreSQL away under load: every request is answered all the same, and what was metered meanwhile arrives
 * when it is back, nothing twice.
 */
export async function proveServingWithoutPostgres(stack: ChaosStack, absence: Absence): Promise<void> {
  const since = Date.now();
  const load = startClientLoad(stack);
  try {
    await pause(1_000);
    await absence.begin();
    await pause(absence.lastsMs);
  } finally {
    await absence.end();
    await load.stop();
  }
  for (const outcome of load.outcomes)
    assert.ok(['completed', 'aborted'].includes(outcome.end), JSON.stringify(outcome));
  const rows = await untilMetered(stack, load.outcomes, since, 30_000);
  assertMeteredAsAnswered(rows, load.outcomes);
  const { requests, inputTokens, cachedInputTokens, outputTokens } = await reportedTotals(stack, since);
  assert.deepEqual({ requests, inputTokens, cachedInputTokens, outputTokens }, sumOf(rows.values()));
}
