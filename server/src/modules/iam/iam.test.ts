import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { allPermissions, applicationPermissions, type Permission } from '@samovar/contract/permissions';
import { createTestDatabase, type TestDatabase } from '../../../test/postgres.ts';
import { createForeignScope, testPrincipal } from '../../../test/test-principal.ts';
import { systemClock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Principal } from '../../kernel/principal.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import { systemAuditContext } from '../audit/index.ts';
import { writeKey } from './create-key.ts';
import {
  createFirstKey,
  createKey,
  hashKeySecret,
  type IamDependencies,
  listKeys,
  loadKeySnapshot,
  noLimits,
  revokeKey,
} from './index.ts';

let store: TestDatabase;
let iam: IamDependencies;
let admin: Principal;

const requestId = 'req_test';
const code = (expected: string) => (error: unknown) =>
  error instanceof SamovarError && error.code === expected;

before(async () => {
  store = await createTestDatabase();
  iam = { database: store.database, configVersion: createConfigVersion(), clock: systemClock };
});
after(() => store.end());

function newKey(name: string, permissions: readonly Permission[] = applicationPermissions) {
  return { name, permissions, limits: noLimits, expiresAt: null };
}

async function configVersion(): Promise<number> {
  const result = await store.pool.query('select version::int from config_version');
  return result.rows[0].version;
}

async function audited(action: string): Promise<number> {
  const result = await store.pool.query('select count(*)::int from audit_records where action = $1', [
    action,
  ]);
  return result.rows[0].count;
}

test('of processes that start at once, exactly one makes the first key, and it is kept before it is valid', async () => {
  const kept: string[] = [];
  const keep = async (secret: string) => {
    assert.equal((await loadKeySnapshot(store.database)).size, 0);
    kept.push(secret);
  };
  const secrets = await Promise.all([1, 2, 3, 4].map(() => createFirstKey(iam, defaultScope, keep)));
  const made = secrets.filter((secret) => secret !== null);
  assert.deepEqual(made, kept);
  assert.equal(made.length, 1);
  assert.match(made[0] ?? '', /^smv_[0-9A-Za-z]{43}$/);
  const record = (await loadKeySnapshot(store.database)).get(hashKeySecret(made[0] ?? '').toString('hex'));
  assert.deepEqual([...(record?.permissions ?? [])], allPermissions);
  admin = testPrincipal(record?.keyId ?? '');
  assert.equal(await createFirstKey(iam, defaultScope, keep), null);
});

test('a first key that could not be kept does not exist', async () => {
  const other = await createTestDatabase();
  const fresh = { ...iam, database: other.database };
  const fail = () => Promise.reject(new Error('the disk is full'));
  await assert.rejects(createFirstKey(fresh, defaultScope, fail), /disk is full/);
  assert.notEqual(await createFirstKey(fresh, defaultScope, async () => {}), null);
  await other.end();
});

test('a new key is found by its hash, bumps the configuration version and leaves an audit record', async () => {
  const [version, records] = [await configVersion(), await audited('key.create')];
  const limits = { requestsPerMinute: 60, tokensPerMinute: 1000, parallelRequests: 2 };
  const { key, secret } = await createKey(iam, {
    principal: admin,
    requestId,
    key: { ...newKey('app'), limits },
  });
  const found = (await loadKeySnapshot(store.database)).get(hashKeySecret(secret).toString('hex'));
  assert.deepEqual(found, {
    keyId: key.keyId,
    ...defaultScope,
    permissions: new Set(applicationPermissions),
    expiresAt: null,
    limits,
  });
  assert.ok((await configVersion()) > version);
  assert.equal(await audited('key.create'), records + 1);
  const everything = await store.pool.query('select row_to_json(k)::text as text from api_keys k');
  const audit = await store.pool.query('select row_to_json(a)::text as text from audit_records a');
  for (const { text } of [...everything.rows, ...audit.rows]) assert.ok(!text.includes(secret));
});

test('a revoked key is gone from the next snapshot, and revoking it again changes nothing', async () => {
  const { key, secret } = await createKey(iam, { principal: admin, requestId, key: newKey('short') });
  const request = { principal: admin, requestId, keyId: key.keyId, force: false };
  const revoked = await revokeKey(iam, request);
  assert.equal((await loadKeySnapshot(store.database)).has(hashKeySecret(secret).toString('hex')), false);
  const records = await audited('key.revoke');
  assert.deepEqual(await revokeKey(iam, request), revoked);
  assert.equal(await audited('key.revoke'), records);
});

test('an expired key is in no snapshot', async () => {
  const expiresAt = new Date(Date.now() - 1000);
  const { secret } = await createKey(iam, {
    principal: admin,
    requestId,
    key: { ...newKey('old'), expiresAt },
  });
  assert.equal((await loadKeySnapshot(store.database)).has(hashKeySecret(secret).toString('hex')), false);
});

test('nobody gives a key more than it may itself', async () => {
  const manager = testPrincipal(admin.keyId, defaultScope, ['keys.manage', 'models.read']);
  const request = (permissions: Permission[]) => ({
    principal: manager,
    requestId,
    key: newKey('x', permissions),
  });
  await assert.rejects(createKey(iam, request(['models.read', 'usage.read'])), code('access.forbidden'));
  await createKey(iam, request(['models.read']));
  const reader = testPrincipal(admin.keyId, defaultScope, ['keys.read']);
  await assert.rejects(
    createKey(iam, { principal: reader, requestId, key: newKey('x', []) }),
    code('access.forbidden'),
  );
});

test('the last keys that may manage keys are not all revoked, not even at the same time, unless forced', async () => {
  const foreign = await createForeignScope(store.database);
  const first = await store.database
    .transaction()
    .execute((transaction) =>
      writeKey(iam, transaction, systemAuditContext(foreign, 'test'), newKey('one', ['keys.manage'])),
    );
  const root = testPrincipal(first.key.keyId, foreign);
  const second = await createKey(iam, { principal: root, requestId, key: newKey('two', ['keys.manage']) });
  const revoke = (keyId: string, force = false) =>
    revokeKey(iam, { principal: root, requestId, keyId, force });
  const outcomes = await Promise.allSettled([revoke(first.key.keyId), revoke(second.key.keyId)]);
  const refused = outcomes.find((outcome) => outcome.status === 'rejected');
  assert.ok(code('access.last_manager')(refused?.reason));
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1);
  for (const { key } of [first, second]) await revoke(key.keyId, true);
});

test('keys of another project are neither seen nor revoked', async () => {
  const foreign = testPrincipal(admin.keyId, {
    organizationId: '00000000-0000-7000-8000-0000000000f1',
    projectId: '00000000-0000-7000-8000-0000000000f2',
  });
  assert.deepEqual((await listKeys(iam, foreign, {}, { limit: 100, cursor: null })).items, []);
  await assert.rejects(
    revokeKey(iam, { principal: foreign, requestId, keyId: admin.keyId, force: true }),
    code('request.not_found'),
  );
});

test('pages list every key once, newest first', async () => {
  for (let number = 0; number < 5; number += 1)
    await createKey(iam, { principal: admin, requestId, key: newKey(`page ${number}`) });
  const whole = await listKeys(iam, admin, {}, { limit: 1000, cursor: null });
  const paged: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = await listKeys(iam, admin, {}, { limit: 2, cursor });
    paged.push(...page.items.map((key) => key.keyId));
    cursor = page.nextCursor;
    if (cursor === null) break;
  }
  assert.deepEqual(
    paged,
    whole.items.map((key) => key.keyId),
  );
  assert.deepEqual(paged, [...paged].sort().reverse());
  await assert.rejects(listKeys(iam, admin, {}, { limit: 2, cursor: 'nonsense' }), code('request.invalid'));
});

test('audit records cannot be changed or deleted', async () => {
  await assert.rejects(store.pool.query("update audit_records set action = 'x'"), /append only/);
  await assert.rejects(store.pool.query('delete from audit_records'), /append only/);
});
