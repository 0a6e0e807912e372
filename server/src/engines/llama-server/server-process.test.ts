import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../../test/silent-log.ts';
import { startServerProcess } from './server-process.ts';

test('a program that ends is known by the last that it said, however much that was', async () => {
  const script = 'seq 100000; echo what was wrong; exit 3';
  const program = startServerProcess('/bin/sh', ['-c', script], silentLog);
  assert.equal(await program.ended, 'llama-server ended with 3: what was wrong');
  assert.deepEqual(program.lastLines.slice(-3), ['99999', '100000', 'what was wrong']);
});
