import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RemoteFixture, startRemoteFixture } from '../../../test/remote-fixture.ts';
import { claimProbes } from './claim-probe.ts';

let fixture: RemoteFixture;

before(async () => {
  fixture = await startRemoteFixture();
});
after(() => fixture.stop());

test('changes of one connection that come at once are all kept: none writes back what another has just changed', async () => {
  const upstream = await fixture.upstream({ flavour: 'vllm', models: ['shared'] });
  await fixture.connect('shared', upstream);
  const changes = [
    { limits: { parallelRequests: 7 } },
    { limits: { queuedRequests: 9 } },
    { timeouts: { connectSeconds: 3 } },
    { timeouts: { firstByteSeconds: 54 } },
  ];
  for (let round = 0; round < 5; round += 1) {
    const answers = await Promise.all(
      changes.map((change) => fixture.call('PATCH', '/api/engines/shared', change)),
    );
    for (const { status, body } of answers) assert.equal(status, 200, JSON.stringify(body));
  }
  const { body } = await fixture.call('GET', '/api/engines/shared');
  assert.deepEqual([body.limits.parallelRequests, body.limits.queuedRequests], [7, 9]);
  assert.deepEqual([body.timeouts.connectSeconds, body.timeouts.firstByteSeconds], [3, 54]);
});

test('no more probes are claimed at once than are asked for', async () => {
  const { pool, database } = fixture.store;
  for (let each = 0; each < 12; each += 1)
    await pool.query(
      `insert into remote_engines select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(),
         'name', 'copy-' || $1::text))).* from remote_engines e where name = 'shared'`,
      [each],
    );
  await pool.query(
    "update remote_engines set next_probe_at = now() - interval '1 hour', probe_until = null where name like 'copy-%'",
  );
  const claimed = await Promise.all([3, 3, 3].map((limit) => claimProbes(database, limit)));
  assert.deepEqual(
    claimed.map((some) => some.length <= 3),
    [true, true, true],
  );
  const ids = claimed.flat().map(({ engine }) => engine.id);
  assert.equal(new Set(ids).size, ids.length);
});
