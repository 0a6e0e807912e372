import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moduleGraph } from './boundary-rules.ts';
import { environmentReaders } from './environment-readers.ts';
import { fileSizeFaults } from './file-sizes.ts';
import { repositoryRoot } from './repository-root.ts';
import { sourceFiles } from './source-files.ts';
import { foreignTableUses, tableOwners } from './table-owners.ts';

const code = sourceFiles(repositoryRoot, ['.ts', '.tsx', '.py', '.sh', '.sql']);
const modules = Object.keys(moduleGraph);

test('files stay small', () => {
  assert.deepEqual(fileSizeFaults(code), []);
});

test('a file that is too long is found', () => {
  const long = { path: 'server/src/kernel/long.ts', text: 'x\n'.repeat(401) };
  assert.match(fileSizeFaults([long]).join(), /long\.ts has 401 lines/);
});

test('only the configuration reads the environment', () => {
  assert.deepEqual(environmentReaders(code), []);
});

test('a stray reader of the environment is found', () => {
  const stray = { path: 'server/src/modules/iam/a.ts', text: 'const x = process.env.HOME;\n' };
  assert.deepEqual(environmentReaders([stray]), [stray.path]);
});

test('no one names a table of another module', () => {
  const owners = tableOwners(code, modules);
  assert.ok(owners.size >= modules.length - 1, `only ${owners.size} tables were found`);
  assert.deepEqual(foreignTableUses(code, owners), []);
});

test('a query on another module’s table is found', () => {
  const migration = { path: 'server/migrations/0003_iam.sql', text: 'create table api_keys (id uuid);' };
  const thief = {
    path: 'server/src/modules/usage/a.ts',
    text: "database.selectFrom('api_keys').selectAll();",
  };
  const rawThief = { path: 'server/src/platform/b.ts', text: 'sql`select * from api_keys`' };
  const found = foreignTableUses([thief, rawThief], tableOwners([migration], modules));
  assert.deepEqual(found, [
    'server/src/modules/usage/a.ts: api_keys (iam)',
    'server/src/platform/b.ts: api_keys (iam)',
  ]);
});
