import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { createTestDatabase, type TestDatabase } from '../../../test/postgres.ts';
import { registerWorker } from '../../../test/registered-worker.ts';
import { createForeignScope, testPrincipal } from '../../../test/test-principal.ts';
import { steadyClock, systemClock } from '../../kernel/clock.ts';
import { asSamovarError, SamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { KeyLimits } from '../iam/index.ts';
import { loadModelSnapshot, type ModelSnapshot } from '../registry/index.ts';
import { createKeyLimiter } from '../usage/index.ts';
import { type AsyncRequest, createSubmitRequest } from './index.ts';

let store: TestDatabase;
let models: ModelSnapshot;
const key = newId();
const limited = newId();
const unlimited: KeyLimits = { requestsPerMinute: null, tokensPerMinute: null, parallelRequests: null };
const code = (expected: string) => (error: unknown) =>
  error instanceof SamovarError && error.code === expected;

before(async () => {
  store = await createTestDatabase();
  await registerWorker(store, 'unix:/nowhere');
  models = await loadModelSnapshot(store.database);
});
after(() => store.end());

function submission(queueLimit = 1_000, database = store.database) {
  return createSubmitRequest({
    database,
    policy: () => ({
      models,
      limits: new Map([
        [key, unlimited],
        [limited, { ...unlimited, requestsPerMinute: 3, tokensPerMinute: 100, parallelRequests: 3 }],
      ]),
    }),
    limiter: createKeyLimiter(steadyClock),
    clock: systemClock,
    mapError: asSamovarError,
    settings: { operationHours: 72, queueLimit },
  });
}

function request(more: Partial<AsyncRequest> = {}): AsyncRequest {
  return {
    requestId: newId(),
    principal: testPrincipal(key),
    endpoint: 'foundation-models.completion-async',
    workerPath: '/v1/chat/completions',
    task: 'chat',
    model: 'chat-default',
    body: { messages: [{ role: 'user', content: 'Hi\u0000' }] },
    reserveTokens: 10,
    priority: 0,
    deadline: null,
    idempotencyKey: null,
    fingerprint: createHash('sha256').update('a').digest(),
    description: 'a test',
    ...more,
  };
}

async function queued(): Promise<number> {
  const { rows } = await store.pool.query(
    `select count(*)::integer as count from inference_queue q join inference_requests r using (id)
     join operations o using (id) where o.state = 'created'`,
  );
  return rows[0].count;
}

test('requests that arrive together are accepted in few transactions, each with an operation and a place', async () => {
  const { submit, stop } = submission();
  const before = await queued();
  const { rows: started } = await store.pool.query('select pg_current_xact_id()::text as id');
  const operations = await Promise.all(Array.from({ length: 100 }, () => submit(request())));
  const { rows: ended } = await store.pool.query('select pg_current_xact_id()::text as id');
  assert.equal(new Set(operations.map(({ id }) => id)).size, 100);
  assert.equal((await queued()) - before, 100);
  assert.ok(Number(ended[0].id) - Number(started[0].id) < 10, 'few transactions');
  for (const { state, createdBy, expiresAt, createdAt } of operations) {
    assert.deepEqual([state, createdBy], ['created', key]);
    assert.equal(expiresAt.getTime() - createdAt.getTime(), 72 * 3_600_000);
  }
  const early = await submit(request({ deadline: Date.now() + 60_000 }));
  assert.ok(early.expiresAt.getTime() - Date.now() <= 60_000);
  await stop();
});

test('a repetition gets the same operation, and another request with its key is refused', async () => {
  const { submit } = submission();
  const before = await queued();
  const same = () => submit(request({ idempotencyKey: 'once' }));
  const operations = await Promise.all([same(), same(), submit(request()), same()]);
  assert.equal(new Set([operations[0]?.id, operations[1]?.id, operations[3]?.id]).size, 1);
  assert.equal((await same()).id, operations[0]?.id);
  assert.equal((await queued()) - before, 2);
  const other = request({ idempotencyKey: 'once', fingerprint: Buffer.alloc(32) });
  await assert.rejects(submit(other), code('request.idempotency_mismatch'));
});

test('what an interactive request would be refused for is refused at once', async () => {
  const { submit } = submission();
  await assert.rejects(submit(request({ model: 'none' })), code('model.not_found'));
  await assert.rejects(submit(request({ task: 'embedding' })), code('model.wrong_task'));
  await assert.rejects(submit(request({ principal: testPrincipal(newId()) })), code('access.key_invalid'));
  const mine = (reserveTokens: number) =>
    submit(request({ principal: testPrincipal(limited), reserveTokens }));
  await assert.rejects(mine(101), code('limit.request_too_large'));
  await mine(60);
  await assert.rejects(mine(60), code('limit.tokens'));
  await mine(10);
  await mine(10);
  await assert.rejects(mine(10), code('limit.requests'));
});

test('a project keeps to its bound, and another one has its own', async () => {
  const foreign = await createForeignScope(store.database);
  const [model] = models.models.values();
  assert.ok(model);
  const own = models;
  models = { ...models, models: new Map([...models.models, [`${foreign.projectId}/${model.name}`, model]]) };
  const { submit } = submission(3);
  const theirs = () => submit(request({ principal: testPrincipal(key, foreign), model: model.name }));
  const outcomes = await Promise.allSettled([theirs(), theirs(), theirs(), theirs(), theirs()]);
  assert.deepEqual(
    outcomes.map((one) => (one.status === 'rejected' ? one.reason.code : 'accepted')),
    ['accepted', 'accepted', 'accepted', 'limit.queue_full', 'limit.queue_full'],
  );
  await store.pool.query('delete from inference_queue where project_id = $1', [foreign.projectId]);
  await new Promise((resolve) => setTimeout(resolve, 600));
  await theirs();
  await assert.rejects(
    submission(1).submit(request()),
    code('limit.queue_full'),
    JSON.stringify(defaultScope),
  );
  models = own;
});

test('one request that cannot be stored does not take the others with it', async () => {
  const { submit } = submission();
  const bad = submit(request({ priority: 1_000_000 }));
  const good = submit(request());
  await assert.rejects(bad);
  assert.equal((await good).state, 'created');
});
