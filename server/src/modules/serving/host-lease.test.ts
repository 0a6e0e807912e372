import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { createServingFloor } from '../../../test/serving-floor.ts';
import { newId } from '../../kernel/ids.ts';
import { systemAuditContext } from '../audit/index.ts';
import { returnHostLease } from './host-lease.ts';
import { requestLoad } from './request-load.ts';
import { setResidency } from './set-residency.ts';

const floor = await createServingFloor();
after(() => floor.end());

const operator = systemAuditContext(floor.scope, 'test');

test('a process that lost its host to another one takes none of its workers away when it stops', async () => {
  const model = floor.addModel('one');
  floor.startHost({ preload: ['one'] });
  await floor.untilState(model, 'ready');
  const { rows } = await sql<{ id: string }>`select id from engine_hosts`.execute(floor.database);
  await returnHostLease(floor, { hostId: rows[0]?.id ?? '', token: newId() });
  assert.equal((await floor.replicas(model)).length, 1);
  assert.equal((await floor.status(model)).state, 'ready');
  await floor.reset();
});

test('a host that starts again loads what stays and what is waited for, and nothing that was asked for once', async () => {
  const [always, pinned, waited, once, queued] = ['always', 'pinned', 'waited', 'once', 'queued'].map(
    (name) => floor.addModel(name, { weightsBytes: 100 }),
  );
  assert.ok(always && pinned && waited && once && queued);
  const first = floor.startHost({ memoryBudgetBytes: 400 });
  await floor.untilKnown(queued);
  await setResidency(floor, operator, always.versionId, { desired: 'always' });
  await setResidency(floor, operator, pinned.versionId, { pinned: true });
  for (const model of [waited, once]) {
    await requestLoad(floor, model);
    await floor.untilState(model, 'ready');
  }
  await first.stop(0);
  await requestLoad(floor, queued);
  await sql`update deployments set requested_at = now() - interval '1 minute'`.execute(floor.database);
  // Whoever waits asks again and again, though the demand stands.
  await requestLoad(floor, waited);
  floor.startHost({ memoryBudgetBytes: 400 });
  for (const model of [always, pinned, waited]) await floor.untilState(model, 'ready');
  await floor.pause(1_000);
  for (const model of [once, queued]) {
    const { state, reason } = await floor.status(model);
    assert.equal(state, 'unloaded');
    assert.match(reason ?? '', /nobody waits for it; the next request loads it/);
  }
  await requestLoad(floor, once);
  await floor.untilState(once, 'ready');
  await floor.reset();
});

test('what another host runs stays with it when a host starts again', async () => {
  const model = floor.addModel('one');
  const stays = floor.startHost({ name: 'host-stays', preload: ['one'] });
  await floor.untilState(model, 'ready');
  await floor.startHost({ name: 'host-again', memoryBudgetBytes: 0 }).stop(0);
  await sql`update deployments set requested_at = now() - interval '1 minute'`.execute(floor.database);
  floor.startHost({ name: 'host-again', memoryBudgetBytes: 0 });
  await floor.pause(1_500);
  assert.deepEqual(
    [(await floor.status(model)).state, (await floor.status(model)).hostName],
    ['ready', stays.name],
  );
  await floor.reset();
});

test('a lease is renewed also after the clock of the machine was set back', async (t) => {
  floor.startHost({ name: 'set-back', leaseMs: 1_500 });
  const holds = async () => {
    const { rows } = await sql<{ holds: boolean }>`
      select lease_until > now() as holds from engine_hosts where name = 'set-back'`.execute(floor.database);
    return rows[0]?.holds === true;
  };
  await floor.until(holds);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() - 3_600_000 });
  await floor.pause(2_500);
  assert.ok(await holds());
  t.mock.timers.reset();
  await floor.reset();
});
