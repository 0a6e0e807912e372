import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultScope } from '@samovar/contract/default-scope';
import { createTestDatabase, type TestDatabase, testSchema } from '../../../test/postgres.ts';
import { addReadyModel, type ReadyModel } from '../../../test/ready-model-rows.ts';
import { registerWorker } from '../../../test/registered-worker.ts';
import { sampleUsage } from '../../../test/sample-usage.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { newId } from '../../kernel/ids.ts';
import { createBulkInsert } from '../../platform/postgres/bulk-insert.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import { createJobQueue } from '../../platform/queue/create-job-queue.ts';
import { prepareJobQueue } from '../../platform/queue/prepare-job-queue.ts';
import { systemAuditContext } from '../audit/index.ts';
import {
  type CanaryStep,
  getAlias,
  type ListedAlias,
  listAliasMoves,
  type QuietRule,
  rollbackAlias,
  runningCanaries,
  setAlias,
  stepCanary,
} from '../registry/index.ts';
import type { UsageRecord } from '../usage/index.ts';
import { encodeUsage } from '../usage/usage-rows.ts';
import { createUsageWriter } from '../usage/write-usage.ts';
import { beginCanary } from './begin-canary.ts';
import { stepCanaries, watchCanariesJob, watchCanariesKind } from './watch-canaries-job.ts';

const context = systemAuditContext(defaultScope, 'test');
let store: TestDatabase;
let stable: ReadyModel;
let candidate: ReadyModel;
let deps: Parameters<typeof stepCanaries>[0];

before(async () => {
  store = await createTestDatabase();
  deps = { database: store.database, configVersion: createConfigVersion(), log: silentLog };
  await registerWorker(store, 'unix:/nowhere');
  stable = await addReadyModel(store, 'stable');
  candidate = await addReadyModel(store, 'candidate');
  await prepareJobQueue({ ...address(), kinds: [watchCanariesKind] });
});
after(() => store.end());

function address() {
  return { url: store.url, caFile: null, schema: testSchema, log: silentLog };
}

let names = 0;
async function startCanary(
  steps: readonly CanaryStep[],
  fallbacks: readonly { model: string }[] = [],
  quiet: Partial<QuietRule> = {},
) {
  names += 1;
  const alias = `canary-${names}`;
  await setAlias(deps, context, alias, { targets: [{ model: 'stable' }], fallbacks });
  const limits = { minRequests: 10, maxErrorIncrease: 0.05, maxLatencyRatio: 2, ...quiet };
  const sent: unknown[] = [];
  const jobs = { send: async (...job: unknown[]) => void sent.push(job) };
  const wanted = { candidate: { model: 'candidate' }, steps, limits };
  await beginCanary({ ...deps, jobs }, context, alias, wanted);
  assert.equal(sent.length, 1);
  return alias;
}

/** Records of requests to one side, as the data path writes them. */
async function record(alias: string, of: ReadyModel, count: number, more: Partial<UsageRecord> = {}) {
  const records = Array.from({ length: count }, () =>
    sampleUsage({ id: newId(), requestedModel: alias, modelName: of.name, versionId: of.version, ...more }),
  );
  await createUsageWriter(createBulkInsert(store.pool, testSchema), silentLog).write(
    encodeUsage(records),
    false,
  );
}

async function read(alias: string): Promise<ListedAlias> {
  return await getAlias(store.database, defaultScope, alias);
}

const shares = ({ targets }: ListedAlias) => targets.map(({ weight }) => weight);

test('a good candidate goes from step to step and is promoted at the end', async () => {
  const alias = await startCanary([1, 10, 100].map((percent) => ({ percent, holdSeconds: 0 })));
  assert.deepEqual(shares(await read(alias)), [9900, 100]);
  await stepCanaries(deps);
  assert.deepEqual(shares(await read(alias)), [9900, 100], 'nobody has asked it yet');
  for (const expected of [
    [9000, 1000],
    [0, 10_000],
  ]) {
    await record(alias, candidate, 10);
    await stepCanaries(deps);
    assert.deepEqual(shares(await read(alias)), expected);
    await stepCanaries(deps);
    assert.deepEqual(shares(await read(alias)), expected, 'each step has requests of its own');
  }
  await record(alias, candidate, 10);
  await stepCanaries(deps);
  const promoted = await read(alias);
  assert.deepEqual([shares(promoted), promoted.targets[0]?.model], [[100], 'candidate']);
  assert.deepEqual([promoted.canary?.state, promoted.canary?.seen?.candidate.requests], ['promoted', 10]);
  await rollbackAlias(deps, context, alias);
  assert.equal((await read(alias)).targets[0]?.model, 'stable', 'the whole canary is one move');
});

test('a candidate that fails is taken back by itself, and the history says why', async () => {
  const alias = await startCanary([{ percent: 10, holdSeconds: 3600 }]);
  await record(alias, stable, 100);
  await record(alias, candidate, 8);
  await record(alias, candidate, 3, { status: 500, errorCode: 'engine.failed' });
  await stepCanaries(deps);
  const { targets, canary } = await read(alias);
  assert.deepEqual([targets.map(({ model }) => model), canary?.state], [['stable'], 'rolled-back']);
  const { items } = await listAliasMoves(store.database, defaultScope, alias, { limit: 1, cursor: null });
  assert.deepEqual([items[0]?.action, items[0]?.actor], ['rollback', { kind: 'system', id: 'canary' }]);
  assert.match(items[0]?.reason ?? '', /27.3 % of 11 requests to the candidate failed/);
});

test('what a fallback answered in the place of the candidate is a failure of the candidate', async () => {
  const alias = await startCanary([{ percent: 10, holdSeconds: 0 }], [{ model: 'stable' }]);
  await record(alias, stable, 100);
  await record(alias, stable, 10, { chosenVersionId: candidate.version, chosenError: 'engine.unreachable' });
  await stepCanaries(deps);
  assert.equal((await read(alias)).canary?.state, 'rolled-back');
});

test('a slow candidate is taken back; errors of requests, limits and clients that left do not count', async () => {
  const slow = await startCanary([{ percent: 10, holdSeconds: 0 }]);
  await record(slow, stable, 20, { timeToFirstTokenMs: 50 });
  await record(slow, candidate, 20, { timeToFirstTokenMs: 500 });
  const fine = await startCanary([{ percent: 10, holdSeconds: 0 }]);
  await record(fine, stable, 20);
  await record(fine, candidate, 20);
  await record(fine, candidate, 10, { status: 400, errorCode: 'request.invalid' });
  await record(fine, candidate, 10, { status: 499, errorCode: null });
  await stepCanaries(deps);
  assert.match((await read(slow)).canary?.reason ?? '', /after 500 ms .* stable target after 50 ms/);
  assert.equal((await read(fine)).canary?.state, 'promoted');
});

test('a candidate that nobody asks is taken back, goes on or is left as it is when its step has waited long enough', async () => {
  const steps = [10, 50].map((percent) => ({ percent, holdSeconds: 0 }));
  const usual = await startCanary(steps);
  assert.deepEqual((await read(usual)).canary?.limits.maxWaitSeconds, 86_400);
  const back = await startCanary(steps, [], { maxWaitSeconds: 0 });
  const on = await startCanary(steps, [], { maxWaitSeconds: 0, whenQuiet: 'advance' });
  const left = await startCanary(steps, [], { maxWaitSeconds: 0, whenQuiet: 'stop' });
  await stepCanaries(deps);
  const reason = /the candidate got 0 of the 10 requests that it is judged by/;
  assert.deepEqual([(await read(usual)).canary?.state, shares(await read(usual))], ['running', [9000, 1000]]);
  assert.deepEqual([(await read(back)).canary?.state, shares(await read(back))], ['rolled-back', [100]]);
  assert.deepEqual([(await read(on)).canary?.state, shares(await read(on))], ['running', [5000, 5000]]);
  assert.deepEqual([(await read(left)).canary?.state, shares(await read(left))], ['stopped', [9000, 1000]]);
  for (const alias of [back, left]) assert.match((await read(alias)).canary?.reason ?? '', reason);
  for (const alias of [back, on]) {
    const moves = await listAliasMoves(store.database, defaultScope, alias, { limit: 1, cursor: null });
    assert.match(moves.items[0]?.reason ?? '', reason);
  }
  await stepCanaries(deps);
  assert.deepEqual([(await read(on)).canary?.state, shares(await read(on))], ['promoted', [100]]);
  await setAlias(deps, context, usual, { targets: [{ model: 'stable' }] });
});

test('several processes that look at once take each step once', async () => {
  const alias = await startCanary([1, 2, 3, 4].map((percent) => ({ percent, holdSeconds: 0 })));
  await record(alias, candidate, 10);
  await Promise.all(Array.from({ length: 6 }, () => stepCanaries(deps)));
  assert.deepEqual(shares(await read(alias)), [9800, 200]);
});

test('a process that is killed in the middle of a step leaves nothing half done, and the next one goes on', async () => {
  const alias = await startCanary([1, 50].map((percent) => ({ percent, holdSeconds: 0 })));
  await record(alias, candidate, 10);
  const [stored] = (await runningCanaries(store.database)).filter((one) => one.alias === alias);
  assert.ok(stored);
  const before = await read(alias);
  const dying = {
    ...deps,
    configVersion: {
      // The connection dies with its process: what the transaction has done so far is gone.
      bump: async (...given: Parameters<typeof deps.configVersion.bump>) => {
        const bumped = await deps.configVersion.bump(...given);
        await store.pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and state = 'idle in transaction'`,
        );
        return bumped;
      },
    },
  };
  const seen = { requests: 10, failed: 0, firstByteP95Ms: null };
  await assert.rejects(
    stepCanary(dying, stored, async () => ({
      seen: { stable: seen, candidate: seen },
      verdict: { kind: 'advance' },
    })),
  );
  assert.deepEqual(await read(alias), before);
  await stepCanaries(deps);
  assert.deepEqual(shares(await read(alias)), [5000, 5000]);
});

test('a candidate that cannot be taken back, and an alias that is gone, end their canaries all the same', async () => {
  const alias = await startCanary([{ percent: 10, holdSeconds: 3600 }]);
  const gone = await startCanary([{ percent: 10, holdSeconds: 3600 }]);
  await record(alias, candidate, 10, { status: 500, errorCode: 'engine.failed' });
  await store.pool.query('update models set archived_at = now() where id = $1', [stable.modelId]);
  await store.pool.query('delete from model_aliases where name = $1', [gone]);
  await stepCanaries(deps);
  await store.pool.query('update models set archived_at = null where id = $1', [stable.modelId]);
  const { canary } = await read(alias);
  assert.equal(canary?.state, 'stopped');
  assert.match(canary?.reason ?? '', /100 % of 10 requests .* not taken back: .*pointed at stable/);
  assert.equal((await runningCanaries(store.database)).filter((one) => one.alias === gone).length, 0);
});

test('a move by hand ends the canary, which changes nothing any more', async () => {
  const alias = await startCanary([{ percent: 10, holdSeconds: 0 }]);
  await record(alias, candidate, 10);
  await setAlias(deps, context, alias, { targets: [{ model: 'stable' }] });
  await stepCanaries(deps);
  const { canary, targets } = await read(alias);
  assert.deepEqual([canary?.state, targets.length], ['stopped', 1]);
});

test('the job of a worker process follows a canary to its end', async () => {
  const alias = await startCanary([1, 100].map((percent) => ({ percent, holdSeconds: 1 })));
  const queue = await createJobQueue({ ...address(), part: 'worker' });
  try {
    await queue.work(watchCanariesJob(deps), 1);
    await store.database
      .transaction()
      .execute((transaction) => queue.send(transaction, watchCanariesKind.name, {}));
    for (let waited = 0; (await read(alias)).canary?.state === 'running'; waited += 200) {
      assert.ok(waited < 15_000, 'it still runs');
      await record(alias, candidate, 10);
      await sleep(200);
    }
    assert.equal((await read(alias)).targets[0]?.model, 'candidate');
  } finally {
    await queue.stop(1000);
  }
});
