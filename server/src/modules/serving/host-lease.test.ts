import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { createServingFloor } from '../../../test/serving-floor.ts';
import { newId } from '../../kernel/ids.ts';
import { returnHostLease } from './host-lease.ts';

const floor = await createServingFloor();
after(() => floor.end());

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
