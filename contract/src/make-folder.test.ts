import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeFolder, whyNotWritable } from './make-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'samovar-folder-'));
after(() => rmSync(root, { recursive: true }));

function refusal(path: string): string {
  try {
    makeFolder(path);
  } catch (error) {
    return whyNotWritable(error);
  }
  return 'it was made';
}

test('a folder is made with those above it, and found the second time', () => {
  const path = join(root, 'a', 'b', 'c');
  assert.equal(makeFolder(path), true);
  assert.equal(makeFolder(path), false);
});

test('where no folder can be made it ends at once, and says why in words', () => {
  writeFileSync(join(root, 'file'), '');
  assert.match(refusal(join(root, 'file')), /part of the path is a file/);
  assert.match(refusal(join(root, 'file', 'below')), /part of the path is a file/);
  if (existsSync('/proc/self')) assert.doesNotMatch(refusal('/proc/x/y'), /ENOENT|it was made/);
});
