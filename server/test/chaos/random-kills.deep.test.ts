import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { processesOfCluster } from '../../src/platform/embedded-postgres/postmaster-file.ts';
import { cleanUp } from '../supervised-run.ts';
import { type ChaosStack, startChaosStack } from './chaos-stack.ts';
import { startClientLoad } from './client-load.ts';
import {
  assertNoTruncation,
  chatModel,
  embeddingModel,
  killEverything,
  killRole,
  killSupervisor,
  killWorker,
  mustBeMetered,
  stopWhole,
  untilServed,
} from './hurt-stack.ts';
import { assertMeteredAsAnswered, reportedTotals, sumOf, untilMetered } from './metered-usage.ts';

const chaosMs = Number(process.env.SAMOVAR_CHAOS_SECONDS ?? 300) * 1000;
const seed = Number(process.env.SAMOVAR_CHAOS_SEED ?? Date.now() % 100_000);

/** What is hurt, and whether an api process goes with it. */
const hurts: Readonly<Record<string, { apiToo: boolean; hurt(stack: ChaosStack): void | Promise<void> }>> = {
  chat: { apiToo: false, hurt: (stack) => killWorkerIfLoaded(stack, chatModel) },
  embedding: {
    apiToo: false,
    hurt: (stack) => killWorkerIfLoaded(stack, embeddingModel),
  },
  engine: { apiToo: false, hurt: (stack) => killRoleIfUp(stack, 'engine') },
  api: { apiToo: true, hurt: (stack) => killRoleIfUp(stack, 'api') },
  worker: { apiToo: false, hurt: (stack) => killRoleIfUp(stack, 'worker') },
  postgres: { apiToo: false, hurt: (stack) => killRoleIfUp(stack, 'postgres') },
  'hung postgres': { apiToo: false, hurt: hangPostgres },
  supervisor: { apiToo: true, hurt: killSupervisor },
  everything: { apiToo: true, hurt: killEverything },
};

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
      const [name = '', { apiToo, hurt } = { apiToo: false, hurt: () => {} }] =
        Object.entries(hurts)[Math.floor(random() * Object.keys(hurts).length)] ?? [];
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

/** Under random kills a process may be between two lives. */
function killWorkerIfLoaded(stack: ChaosStack, modelName: string): void {
  if (stack.modelWorker(modelName)) killWorker(stack, modelName);
}

function killRoleIfUp(stack: ChaosStack, role: string): void {
  if (
    stack
      .run()
      .record()
      .children.some((child) => child.role === role)
  )
    killRole(stack, role);
}

async function hangPostgres(stack: ChaosStack): Promise<void> {
  const hung = processesOfCluster(stack.data.postgres);
  for (const pid of hung) process.kill(pid, 'SIGSTOP');
  await pause(5_000);
  for (const pid of hung) process.kill(pid, 'SIGCONT');
}

/** Mulberry32, so that a failure can be repeated. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
