import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../kernel/ids.ts';
import { modelVersion } from './model-version.ts';

test('a version is named by the day that its id begins with, and another id by itself', () => {
  assert.equal(modelVersion('01a20717-5055-7fd1-bedb-5175979b06e6'), '23.11.2026');
  assert.match(modelVersion(newId()), /^\d{2}\.\d{2}\.\d{4}$/);
  assert.equal(modelVersion('version-1'), 'version-1');
});
