import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { createTestDatabase, type TestDatabase } from '../../../test/postgres.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { createForeignScope } from '../../../test/test-principal.ts';
import { SamovarError } from '../../kernel/errors.ts';
import { createSealing } from '../../platform/sealing/sealing.ts';
import { createIdempotency, type Idempotency, purgeIdempotencyJob, type RepeatableRequest } from './index.ts';

let store: TestDatabase;
let idempotency: Idempotency;
const clock = {
  time: Date.now(),
  now() {
    return this.time;
  },
};
const code = (expected: string) => (error: unknown) =>
  error instanceof SamovarError && error.code === expected;

before(async () => {
  store = await createTestDatabase();
  idempotency = createIdempotency({
    database: store.database,
    sealing: createSealing(randomBytes(32)),
    clock,
    log: silentLog,
  });
});
after(() => store.end());

function request(key: string, changes: Partial<RepeatableRequest> = {}): RepeatableRequest {
  return {
    scope: defaultScope,
    key,
    routeId: 'console.keys.create',
    requestHash: createHash('sha256').update('body').digest(),
    ...changes,
  };
}

const answer = { status: 201, body: { secret: 'smv_shown_once' } };

async function rows(): Promise<{ count: number; plain: boolean }> {
  const result = await store.pool.query(
    "select count(*)::int, coalesce(bool_or(encode(sealed_answer, 'escape') like '%shown_once%'), false) as plain from idempotency_records",
  );
  return result.rows[0];
}

test('the first answer is given again, without the action, and lies sealed', async () => {
  let runs = 0;
  const act = async () => {
    runs += 1;
    return answer;
  };
  assert.deepEqual(await idempotency.run(request('a'), act), { answer, replayed: false });
  assert.deepEqual(await idempotency.run(request('a'), act), { answer, replayed: true });
  assert.equal(runs, 1);
  assert.equal((await rows()).plain, false);
});

test('another body or another route with the same key is refused', async () => {
  await idempotency.run(request('b'), async () => answer);
  const never = () => assert.fail('the action ran');
  const otherBody = request('b', { requestHash: createHash('sha256').update('other').digest() });
  await assert.rejects(idempotency.run(otherBody, never), code('request.idempotency_mismatch'));
  const otherRoute = request('b', { routeId: 'other' });
  await assert.rejects(idempotency.run(otherRoute, never), code('request.idempotency_mismatch'));
});

test('the same key in another project is another key', async () => {
  await idempotency.run(request('c'), async () => answer);
  const foreign = request('c', { scope: await createForeignScope(store.database) });
  assert.equal((await idempotency.run(foreign, async () => answer)).replayed, false);
});

test('of many at once one acts, and the others are told to wait or get its answer', async () => {
  let runs = 0;
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, () =>
      idempotency.run(request('d'), async () => {
        runs += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
        return answer;
      }),
    ),
  );
  assert.equal(runs, 1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') assert.ok(code('request.idempotency_in_progress')(outcome.reason));
    else assert.deepEqual(outcome.value.answer, answer);
  }
});

test('a failed action frees the key', async () => {
  await assert.rejects(
    idempotency.run(request('e'), () => Promise.reject(new SamovarError('system.internal'))),
    code('system.internal'),
  );
  assert.equal((await idempotency.run(request('e'), async () => answer)).replayed, false);
});

test('what an action threw is thrown also when the key cannot be freed', async () => {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) };
  const lost = await createTestDatabase();
  const own = createIdempotency({
    database: lost.database,
    sealing: createSealing(randomBytes(32)),
    clock,
    log,
  });
  const failing = own.run(request('lost'), async () => {
    await lost.pool.query('alter table idempotency_records rename to gone');
    throw new SamovarError('request.not_found', { params: { kind: 'key', id: 'x' } });
  });
  await assert.rejects(failing, code('request.not_found'));
  assert.equal(warnings.length, 1);
  await lost.end();
});

test('after a crash the key is taken over when its lease ends, and the former holder writes nothing any more', async () => {
  const stalled = Promise.withResolvers<void>();
  const first = idempotency.run(request('f'), async (remember) => {
    await stalled.promise;
    return await store.database.transaction().execute(async (transaction) => {
      await remember(transaction, { status: 201, body: { from: 'first' } });
      return answer;
    });
  });
  const settled = assert.rejects(first, code('request.idempotency_in_progress'));
  while (
    (await store.pool.query("select from idempotency_records where idempotency_key = 'f'")).rowCount === 0
  )
    await new Promise((resolve) => setTimeout(resolve, 5));
  await assert.rejects(
    idempotency.run(request('f'), async () => answer),
    code('request.idempotency_in_progress'),
  );
  clock.time += 61_000;
  assert.equal((await idempotency.run(request('f'), async () => answer)).replayed, false);
  stalled.resolve();
  await settled;
  assert.deepEqual((await idempotency.run(request('f'), async () => answer)).answer, answer);
});

test('an answer remembered in the transaction is there although its process was killed right after', async () => {
  const killed = idempotency.run(request('g'), async (remember) => {
    await store.database.transaction().execute((transaction) => remember(transaction, answer));
    throw new Error('killed after the commit');
  });
  await assert.rejects(killed, /killed/);
  assert.deepEqual(await idempotency.run(request('g'), async () => assert.fail('the action ran')), {
    answer,
    replayed: true,
  });
});

test('after a day keys are forgotten and purged', async () => {
  await idempotency.run(request('h'), async () => answer);
  clock.time += 25 * 3_600_000;
  assert.equal((await idempotency.run(request('h'), async () => answer)).replayed, false);
  const job = purgeIdempotencyJob(store.database, clock);
  await job.handle({}, { jobId: 'x', attempt: 1, signal: new AbortController().signal });
  assert.equal((await rows()).count, 1);
});
