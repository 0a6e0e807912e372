import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { createTestDatabase, type TestDatabase } from '../../../../test/postgres.ts';
import { silentLog } from '../../../../test/silent-log.ts';
import { newId } from '../../../kernel/ids.ts';
import { sweepDownloads } from './sweep-downloads.ts';

let fresh: TestDatabase;
let folder: string;

before(async () => {
  fresh = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'samovar-sweep-'));
});
after(async () => {
  await fresh.end();
  await rm(folder, { recursive: true, force: true });
});

/** A file that was last written so long ago, in folders of the same age. */
async function left(path: string, hoursAgo: number): Promise<void> {
  const parts = path.split('/');
  await mkdir(join(folder, ...parts.slice(0, -1)), { recursive: true });
  await writeFile(join(folder, path), 'abc');
  const at = new Date(Date.now() - hoursAgo * 3_600_000);
  for (let depth = parts.length; depth > 1; depth -= 1)
    await utimes(join(folder, ...parts.slice(0, depth)), at, at);
  if (parts.length === 1) await utimes(join(folder, path), at, at);
}

async function version(state: string): Promise<string> {
  const [modelId, id] = [newId(), newId()];
  const { organizationId, projectId } = defaultScope;
  await fresh.pool.query(
    'insert into models (id, organization_id, project_id, name, owned_by) values ($1, $2, $3, $4, $5)',
    [modelId, organizationId, projectId, `m-${id}`, 'test'],
  );
  await fresh.pool.query(
    `insert into model_versions (id, organization_id, project_id, model_id, manifest_sha256, manifest, state)
     values ($1, $2, $3, $4, $5, '{}', $6)`,
    [id, organizationId, projectId, modelId, id, state],
  );
  return id;
}

async function importOf(state: string): Promise<string> {
  const id = newId();
  await fresh.pool.query(
    `insert into import_requests (id, organization_id, project_id, source, wanted, state, model_name, actor, ended_at)
     values ($1, $2, $3, 'hf:a/b', '{}', $4, 'a', '{}', case when $4 = 'ready' then now() end)`,
    [id, defaultScope.organizationId, defaultScope.projectId, state],
  );
  return id;
}

const sweep = () => sweepDownloads({ database: fresh.database, downloadsFolder: folder, log: silentLog });

test('what nobody works on goes when nothing was written there for a day, and nothing of what runs or may go on', async () => {
  assert.equal(await sweep(), 0, 'an empty folder');
  const [ready, young, running, lost] = [
    await version('ready'),
    await version('failed'),
    await version('importing'),
    await version('importing'),
  ];
  const gone = newId();
  await left(`versions/${ready}/m.gguf.part`, 25);
  await left(`versions/${young}/m.gguf.part`, 23);
  await left(`versions/${running}/m.gguf.part`, 25);
  await left(`versions/${lost}/m.gguf.part`, 8 * 24);
  await left(`inspections/${gone}/1/m.gguf`, 25);
  await left(`versions/${gone}/deep/old`, 100);
  await writeFile(join(folder, 'versions', gone, 'deep', 'new'), 'just now');
  const [waiting, forgotten, done] = [
    await importOf('waiting-for-license'),
    await importOf('waiting-for-license'),
    await importOf('ready'),
  ];
  await left(`imports/${waiting}/m.gguf`, 6 * 24);
  await left(`imports/${forgotten}/m.gguf`, 8 * 24);
  await left(`imports/${done}/m.gguf`, 0);
  await left(`archives/oci-${'a'.repeat(64)}`, 8 * 24);
  const long = new Date(Date.now() - 8 * 24 * 3_600_000);
  await utimes(join(folder, 'archives'), long, long);
  await left(`${'b'.repeat(64)}.part`, 8 * 24);
  await left(`${'c'.repeat(64)}.part`, 24);
  await left('of-somebody-else', 1_000);
  await sweep();
  assert.deepEqual((await readdir(join(folder, 'versions'))).sort(), [young, running, gone].sort());
  assert.deepEqual(await readdir(join(folder, 'inspections')), []);
  assert.deepEqual(await readdir(join(folder, 'imports')), [waiting]);
  assert.deepEqual((await readdir(folder)).sort(), [
    `${'c'.repeat(64)}.part`,
    'imports',
    'inspections',
    'of-somebody-else',
    'versions',
  ]);
});
