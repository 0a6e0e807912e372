import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { followFile, lastLines } from './read-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'samovar-log-'));
after(() => rmSync(folder, { recursive: true }));

test('the last lines are the last, however long the file', async () => {
  const path = join(folder, 'long.log');
  const lines = Array.from({ length: 5000 }, (_, index) => `строка ${index} ${'x'.repeat(index % 90)}`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  const end = statSync(path).size;
  assert.deepEqual(await lastLines(path, 3, end), lines.slice(-3));
  assert.deepEqual(await lastLines(path, 9999, end), lines);
  assert.deepEqual(await lastLines(path, 0, end), []);
});

test('a followed file gives whole lines, also when a write ends in the middle of a character, and after it is emptied', async () => {
  const path = join(folder, 'followed.log');
  writeFileSync(path, 'before\n');
  const seen: string[] = [];
  const following = followFile(path, statSync(path).size, (line) => {
    seen.push(line);
    if (line === 'end') throw new Error('seen enough');
  });
  const bytes = Buffer.from('чай\n');
  appendFileSync(path, bytes.subarray(0, 3));
  await pause(600);
  appendFileSync(path, bytes.subarray(3));
  await pause(600);
  writeFileSync(path, 'end\n');
  await assert.rejects(following, /seen enough/);
  assert.deepEqual(seen, ['чай', 'end']);
});
