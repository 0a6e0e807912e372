import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { dataFolder } from '@samovar/contract/data-folder';
import { newDataFolder, runSamovar } from '../../../../cli/test/run-samovar.ts';
import { createTestDatabase } from '../../../test/postgres.ts';

test('whoever has the address of the database makes a key there, into a new data folder, and the audit names it', async () => {
  const { url, pool, end } = await createTestDatabase();
  const data = newDataFolder();
  try {
    const { status, out, err } = await runSamovar(data, ['keys', 'recover', '--postgres-url', url, '--json']);
    assert.equal(status, 0, err);
    const { secret, path } = JSON.parse(out);
    assert.equal(path, dataFolder(data).firstKey);
    assert.equal(readFileSync(path, 'utf8').trim(), secret);
    const { rows } = await pool.query(
      "select action, actor_kind, actor_id from samovar.audit_records where action = 'key.create'",
    );
    assert.deepEqual(rows, [{ action: 'key.create', actor_kind: 'system', actor_id: 'key-recovery' }]);
  } finally {
    rmSync(dirname(data), { recursive: true, force: true });
    await end();
  }
});
