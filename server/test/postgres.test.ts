import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { createTestDatabase } from './postgres.ts';

test('every test database is fresh and migrated', async () => {
  const first = await createTestDatabase();
  const second = await createTestDatabase();
  try {
    await sql`update config_version set version = 42`.execute(first.database);
    const { rows } = await sql<{ version: string }>`select version from config_version`.execute(
      second.database,
    );
    assert.deepEqual(rows, [{ version: '1' }]);
  } finally {
    await first.end();
    await second.end();
  }
});
