import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { createTestDatabase, type TestDatabase } from '../../../../test/postgres.ts';
import { addReadyModel, addReadyVersion, type ReadyModel } from '../../../../test/ready-model-rows.ts';
import { registerWorker } from '../../../../test/registered-worker.ts';
import { createForeignScope } from '../../../../test/test-principal.ts';
import { SamovarError } from '../../../kernel/errors.ts';
import { createConfigVersion } from '../../../platform/postgres/config-version.ts';
import { systemAuditContext } from '../../audit/index.ts';
import { createModelSnapshotLoader } from '../load-model-snapshot.ts';
import { deleteModel } from '../versions/delete-versions.ts';
import type { AliasDependencies } from './alias-dependencies.ts';
import { listAliasMoves } from './list-alias-moves.ts';
import { getAlias } from './list-aliases.ts';
import { promoteAlias } from './promote-alias.ts';
import { removeAlias } from './remove-alias.ts';
import { rollbackAlias } from './rollback-alias.ts';
import { setAlias, type WantedAlias } from './set-alias.ts';
import { startCanary } from './start-canary.ts';

const context = systemAuditContext(defaultScope, 'test');
let store: TestDatabase;
let deps: AliasDependencies;
let models: { a: ReadyModel; b: ReadyModel; c: ReadyModel };

before(async () => {
  store = await createTestDatabase();
  deps = { database: store.database, configVersion: createConfigVersion() };
  await registerWorker(store, 'unix:/nowhere');
  models = {
    a: await addReadyModel(store, 'a'),
    b: await addReadyModel(store, 'b'),
    c: await addReadyModel(store, 'c'),
  };
});
after(() => store.end());

const to = (...names: string[]): WantedAlias => ({ targets: names.map((model) => ({ model })) });

async function goesTo(name: string): Promise<string> {
  const alias = await getAlias(store.database, defaultScope, name);
  return alias.targets.map(({ model, weight }) => `${model}=${weight}`).join(' ');
}

async function code(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof SamovarError, String(error));
    return error.code;
  }
  return 'done';
}

test('each rollback goes one move further back, and a canary is one move', async () => {
  const name = 'stack';
  await setAlias(deps, context, name, to('a'));
  await setAlias(deps, context, name, to('b'));
  const plan = {
    steps: [{ percent: 10, holdSeconds: 0 }],
    limits: { minRequests: 1, maxErrorIncrease: 0, maxLatencyRatio: null },
  };
  await startCanary(deps, context, name, { candidate: { model: 'c' }, ...plan }, async () => {});
  await promoteAlias(deps, context, name, {});
  assert.equal(await goesTo(name), 'c=100');
  await rollbackAlias(deps, context, name);
  assert.equal(await goesTo(name), 'b=9000 c=1000');
  await rollbackAlias(deps, context, name);
  assert.equal(await goesTo(name), 'b=100');
  await rollbackAlias(deps, context, name);
  assert.equal(await goesTo(name), 'a=100');
  assert.equal(await code(rollbackAlias(deps, context, name)), 'alias.nothing_to_roll_back');
  await setAlias(deps, context, name, to('c'));
  await rollbackAlias(deps, context, name);
  assert.equal(await goesTo(name), 'a=100');
  const { items } = await listAliasMoves(store.database, defaultScope, name, { limit: 100, cursor: null });
  assert.equal(items.length, 9);
});

test('a rollback keeps what was said of the alias since, and refuses to go back to what is gone', async () => {
  const name = 'kept';
  const version = await addReadyVersion(store, { ...defaultScope, name: 'b', modelId: models.b.modelId });
  await setAlias(deps, context, name, { targets: [{ model: 'b', version }] });
  await setAlias(deps, context, name, to('a'));
  await setAlias(deps, context, name, { description: 'new' });
  await rollbackAlias(deps, context, name);
  const alias = await getAlias(store.database, defaultScope, name);
  assert.deepEqual([alias.targets[0]?.versionId, alias.description], [version, 'new']);
  await setAlias(deps, context, name, to('c'));
  await store.pool.query('update model_versions set archived_at = now() where id = $1', [version]);
  assert.equal(await code(rollbackAlias(deps, context, name)), 'alias.target_gone');
});

test('moves at the same time come one after the other, and none is lost', async () => {
  const name = 'busy';
  await setAlias(deps, context, name, to('a'));
  await Promise.all(
    Array.from({ length: 12 }, (_, index) => setAlias(deps, context, name, to(index % 2 === 0 ? 'b' : 'c'))),
  );
  const { items } = await listAliasMoves(store.database, defaultScope, name, { limit: 100, cursor: null });
  for (const [index, move] of items.entries())
    assert.deepEqual(move.before, items[index + 1]?.after ?? null, 'each begins where the one before ended');
  assert.deepEqual(
    await Promise.all([1, 2, 3].map(() => code(rollbackAlias(deps, context, name, { revision: 1 })))),
    ['alias.changed', 'alias.changed', 'alias.changed'],
  );
});

test('the history cannot be changed', async () => {
  await setAlias(deps, context, 'fixed', to('a'));
  await assert.rejects(store.pool.query("update alias_moves set reason = 'other'"), /append only/);
  await assert.rejects(store.pool.query('delete from alias_moves'), /append only/);
});

test('the release before this one moves an alias by its row, which then says everything', async () => {
  const name = 'older';
  await setAlias(deps, context, name, {
    targets: [
      { model: 'a', weight: 9 },
      { model: 'b', weight: 1 },
    ],
    fallbacks: [{ model: 'c' }],
  });
  await store.pool.query(
    `insert into model_aliases (organization_id, project_id, name, model_id) values ($1, $2, $3, $4)
     on conflict (project_id, name) do update set model_id = $4, version_id = null, updated_at = now()`,
    [defaultScope.organizationId, defaultScope.projectId, name, models.b.modelId],
  );
  const moved = await getAlias(store.database, defaultScope, name);
  assert.deepEqual([moved.targets.map(({ model }) => model), moved.fallbacks.length], [['b'], 0]);
  await store.pool.query(
    'insert into model_aliases (organization_id, project_id, name, model_id) values ($1, $2, $3, $4)',
    [defaultScope.organizationId, defaultScope.projectId, 'made-by-it', models.a.modelId],
  );
  assert.equal(await goesTo('made-by-it'), 'a=100');
  await setAlias(deps, context, 'made-by-it', to('b'));
  await rollbackAlias(deps, context, 'made-by-it');
  assert.equal(await goesTo('made-by-it'), 'a=100');
});

test('an alias that moves to a version which is published meanwhile means what it meant until both are read', async () => {
  const { organizationId, projectId } = defaultScope;
  const number = async () =>
    (await store.pool.query('select aliases::text from config_version')).rows[0].aliases;
  await setAlias(deps, context, 'moving', to('a'));
  const loader = createModelSnapshotLoader(store.database);
  const since = await number();
  await loader.loadAll();
  await setAlias(deps, context, 'moving', to('b'));
  const until = await number();
  // After a replica has seen that number, and before it reads.
  await addReadyModel(store, 'brand-new');
  await setAlias(deps, context, 'moving', to('brand-new'));
  const part = await loader.loadAliases({ since, until });
  const key = `${projectId}/moving`;
  assert.equal(part.aliases.get(key)?.primary.name, 'a');
  assert.equal((await loader.loadAll()).aliases.get(key)?.primary.name, 'brand-new');
  assert.equal(part.aliases.has(`${organizationId}/moving`), false);
  await removeAlias(deps, context, 'moving');
});

test('what has changed is read alone, and means the same as reading everything', async () => {
  const foreign = await createForeignScope(store.database);
  await addReadyModel(store, 'theirs', 'chat', foreign);
  const loader = createModelSnapshotLoader(store.database);
  const number = async () =>
    (await store.pool.query('select aliases::text from config_version')).rows[0].aliases;
  let since: string = await number();
  const whole = await loader.loadAll();
  const check = async () => {
    const next = await number();
    const part = await loader.loadAliases({ since, until: next });
    since = next;
    const all = await createModelSnapshotLoader(store.database).loadAll();
    assert.deepEqual(new Map([...part.aliases].sort()), new Map([...all.aliases].sort()));
    assert.deepEqual(part.pending, all.pending);
    assert.equal(part.models, whole.models, 'models were not read again');
    return part;
  };
  await setAlias(deps, context, 'part', to('a', 'b'));
  const made = await check();
  assert.equal(made.aliases.get(`${defaultScope.projectId}/part`)?.targets.length, 2);
  await setAlias(deps, context, 'part', { scope: 'organization' });
  assert.ok((await check()).aliases.has(`${defaultScope.organizationId}/part`));
  await setAlias(deps, systemAuditContext(foreign, 'test'), 'part', to('theirs'));
  assert.equal((await check()).aliases.get(`${foreign.projectId}/part`)?.primary.name, 'theirs');
  await removeAlias(deps, context, 'part');
  const gone = await check();
  assert.ok(!gone.aliases.has(`${defaultScope.projectId}/part`));
  assert.ok(!gone.aliases.has(`${defaultScope.organizationId}/part`));
  await setAlias(deps, context, 'part', to('c'));
  await removeAlias(deps, context, 'part');
  await rollbackAlias(deps, context, 'part');
  assert.equal((await check()).aliases.get(`${defaultScope.projectId}/part`)?.primary.name, 'c');
});

test('a move that fails in its middle changes nothing', async () => {
  const name = 'whole';
  await setAlias(deps, context, name, to('a'));
  const failing = { ...deps, configVersion: { bump: () => Promise.reject(new Error('killed here')) } };
  await assert.rejects(setAlias(failing, context, name, to('b')), /killed here/);
  assert.equal(await goesTo(name), 'a=100');
  const { rows } = await store.pool.query(
    "select count(*)::int from audit_records where target_id = 'whole'",
  );
  assert.equal(rows[0].count, 1);
});

test('archived models answer through no alias: the others of it do, or their successor is named', async () => {
  const gone = await addReadyModel(store, 'gone');
  await setAlias(deps, context, 'half', to('gone', 'a'));
  await setAlias(deps, context, 'all', to('gone'));
  await store.pool.query("update models set archived_at = now(), successor = 'a' where id = $1", [
    gone.modelId,
  ]);
  const { aliases, archived, models: served } = await createModelSnapshotLoader(store.database).loadAll();
  const key = (name: string) => `${defaultScope.projectId}/${name}`;
  assert.deepEqual(
    aliases.get(key('half'))?.targets.map(({ model }) => model.name),
    ['a'],
  );
  assert.deepEqual(
    [archived.get(key('all')), archived.get(key('gone'))],
    [{ successor: 'a' }, { successor: 'a' }],
  );
  assert.ok(!served.has(key('gone')) && !aliases.has(key('all')));
  assert.equal(await code(setAlias(deps, context, 'new', to('gone'))), 'model.archived');
});

test('an alias that is moved to a model while that is deleted means it, or is refused: the two never wait for each other', async () => {
  const users = { usesOf: async () => [], forget: async () => {} };
  for (let round = 0; round < 12; round += 1) {
    const name = `passing-${round}`;
    await addReadyModel(store, name);
    await store.pool.query('delete from deployments where model_name = $1', [name]);
    const [moved, deleted] = await Promise.all([
      code(setAlias(deps, context, `to-${name}`, to(name))),
      code(deleteModel({ ...deps, users }, context, name)),
    ]);
    const outcome = `${moved}, ${deleted}`;
    assert.ok(['done, registry.in_use', 'model.not_found, done'].includes(outcome), outcome);
  }
});

test('who may not change what the organization has is refused though it was given to it a moment ago', async () => {
  const name = 'given';
  await setAlias(deps, context, name, to('a'));
  const holding = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const slow: AliasDependencies = {
    ...deps,
    configVersion: {
      async bump(...given) {
        holding.resolve();
        await goOn.promise;
        return await deps.configVersion.bump(...given);
      },
    },
  };
  const giving = setAlias(slow, context, name, { scope: 'organization' });
  await holding.promise;
  const weak: AliasDependencies = {
    ...deps,
    refuseShared() {
      throw new SamovarError('access.forbidden', { params: { permission: 'aliases.share' } });
    },
  };
  const moving = code(setAlias(weak, context, name, to('b')));
  goOn.resolve();
  await giving;
  assert.equal(await moving, 'access.forbidden');
  assert.equal(await code(removeAlias(weak, context, name)), 'access.forbidden');
  assert.equal(await goesTo(name), 'a=100');
  await removeAlias(deps, context, name);
});
