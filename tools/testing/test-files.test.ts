import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../checks/src/repository-root.ts';
import { testFilesOf } from './test-files.ts';

test('every test file is run, by the default command or by the deep one', () => {
  const grouped = new Set([
    ...testFilesOf('default', repositoryRoot),
    ...testFilesOf('deep', repositoryRoot),
  ]);
  const all = globSync('{tools,contract,server,cli,bench,docs}/**/*.test.ts', {
    cwd: repositoryRoot,
    exclude: ['**/node_modules/**'],
  });
  const forgotten = all.filter((path) => !grouped.has(join(repositoryRoot, path)));
  assert.ok(all.length > 100);
  assert.deepEqual(forgotten, []);
});
