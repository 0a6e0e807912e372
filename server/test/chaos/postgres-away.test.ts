import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parse } from 'pg-connection-string';
import { processesOfCluster } from '../../src/platform/embedded-postgres/postmaster-file.ts';
import { startCuttableProxy } from '../cuttable-proxy.ts';
import { createEmptyDatabase } from '../postgres.ts';
import { cleanUp } from '../supervised-run.ts';
import { type ChaosStack, startChaosStack } from './chaos-stack.ts';
import { chatModel, killWorker, stopWhole } from './hurt-stack.ts';
import { proveServingWithoutPostgres } from './postgres-away.ts';
import { sendRequest } from './send-request.ts';

const lastsMs = Number(process.env.SAMOVAR_TEST_ABSENCE_SECONDS ?? 8) * 1000;
let stack: ChaosStack;

before(async () => {
  stack = await startChaosStack();
});
after(cleanUp);

test('with a PostgreSQL that hangs, inference goes on and its metering arrives afterwards', async () => {
  let hung: number[] = [];
  await proveServingWithoutPostgres(stack, {
    lastsMs,
    begin() {
      hung = processesOfCluster(stack.data.postgres);
      assert.ok(hung.length > 0);
      for (const pid of hung) process.kill(pid, 'SIGSTOP');
    },
    end() {
      for (const pid of hung) process.kill(pid, 'SIGCONT');
    },
  });
});

test('a worker that is killed while PostgreSQL hangs comes back, and its request is served', async () => {
  const hung = processesOfCluster(stack.data.postgres);
  for (const pid of hung) process.kill(pid, 'SIGSTOP');
  try {
    killWorker(stack, chatModel);
    const outcome = await sendRequest(stack, 'stream', 4);
    assert.equal(outcome.end, 'completed', JSON.stringify(outcome));
    assert.ok(outcome.endedAt - outcome.startedAt < 15_000, JSON.stringify(outcome));
  } finally {
    for (const pid of hung) process.kill(pid, 'SIGCONT');
  }
});

test('with the network to an outside PostgreSQL cut, inference goes on and its metering arrives afterwards', async (t) => {
  await stopWhole(stack);
  const database = await createEmptyDatabase();
  t.after(() => database.end());
  const { host, port } = parse(database.url);
  const proxy = await startCuttableProxy({ host: host ?? '', port: Number(port ?? 5432) });
  t.after(() => proxy.end());
  const url = new URL(database.url);
  url.host = `127.0.0.1:${proxy.port}`;
  const outside = await startChaosStack({ SAMOVAR_POSTGRES_URL: url.href });
  await proveServingWithoutPostgres(outside, { lastsMs, begin: proxy.cut, end: proxy.mend });
  await stopWhole(outside);
});
