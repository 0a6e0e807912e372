import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataFolder } from '@samovar/contract/data-folder';
import { SamovarError } from '../../kernel/errors.ts';
import { prepareDataFolder } from './prepare-data-folder.ts';

const asRoot = process.getuid?.() === 0 && process.platform === 'linux';

test('a disk without room is told with what is free and what is needed', {
  skip: !asRoot,
}, async (context) => {
  const small = mkdtempSync(join(tmpdir(), 'samovar-small-disk-'));
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', small], { stdio: 'ignore' });
  } catch {
    context.skip('this machine lets nobody mount a small disk');
    return;
  }
  try {
    await assert.rejects(prepareDataFolder(dataFolder(join(small, 'data'))), (error) => {
      assert.ok(error instanceof SamovarError);
      assert.equal(error.code, 'setup.disk_full');
      assert.match(error.message, /has 2\d MB free, and 600 MB are needed\.$/);
      return true;
    });
  } finally {
    execFileSync('/bin/umount', [small]);
    rmSync(small, { recursive: true });
  }
});

test('the folders of a new installation are closed to others, except for passing through as root', async () => {
  const root = mkdtempSync(join(tmpdir(), 'samovar-data-'));
  const data = dataFolder(join(root, 'data'));
  await prepareDataFolder(data);
  assert.equal(statSync(data.root).mode & 0o777, asRoot ? 0o711 : 0o700);
  assert.equal(statSync(data.logs).mode & 0o777, 0o700);
  rmSync(root, { recursive: true });
});
