import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { identityOf, ownIdentity } from '@samovar/contract/process-identity';
import { SamovarError } from '../../kernel/errors.ts';
import { acquireSupervisorLock } from './supervisor-lock.ts';

const newLockPath = () => join(mkdtempSync(join(tmpdir(), 'samovar-lock-')), 'supervisor.lock');

test('a lock that a living process holds is refused with its pid', async () => {
  const path = newLockPath();
  const holder = spawn('sleep', ['60']);
  writeFileSync(path, JSON.stringify(identityOf(holder.pid ?? 0)));
  assert.throws(
    () => acquireSupervisorLock(path),
    (error) =>
      error instanceof SamovarError &&
      error.code === 'setup.already_running' &&
      error.params.pid === holder.pid,
  );
  holder.kill();
  await once(holder, 'exit');
});

test('a lock whose pid belongs to another process by now is taken over', () => {
  const path = newLockPath();
  writeFileSync(path, JSON.stringify({ ...ownIdentity(), startedAt: 'an earlier boot/1' }));
  const lock = acquireSupervisorLock(path);
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), ownIdentity());
  lock.release();
  assert.deepEqual(readdirSync(join(path, '..')), []);
});

test('a lock that was cut off while it was written is taken over', () => {
  const path = newLockPath();
  writeFileSync(path, '{"pid":');
  acquireSupervisorLock(path).release();
});
