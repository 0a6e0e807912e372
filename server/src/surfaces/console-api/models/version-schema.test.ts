import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogueManifest } from '../../../../test/models.ts';
import { newId } from '../../../kernel/ids.ts';
import type { ModelVersion } from '../../../modules/registry/index.ts';
import { versionObjectOf } from './version-schema.ts';

async function smallVersion(changes: Partial<ModelVersion['manifest']> = {}): Promise<ModelVersion> {
  const manifest = { ...(await catalogueManifest('smollm2-135m-instruct')), ...changes };
  return {
    modelId: newId(),
    versionId: newId(),
    modelName: manifest.name,
    digest: 'd',
    state: 'ready',
    current: true,
    aliases: [],
    manifest,
    createdAt: new Date(),
    readyAt: null,
    archivedAt: null,
  };
}

test('a version says whether it fits the largest machine, with the use that was asked for', async () => {
  const version = await smallVersion();
  assert.equal(
    versionObjectOf(version, 2e9).memory?.explanation,
    'fits with 8k context and 4 parallel requests: 0.9 of 2.0 GB',
  );
  assert.equal(
    versionObjectOf(version, 4e8, { contextTokens: 2048 }).memory?.explanation,
    'fits with 2k context and 4 parallel requests: 0.3 of 0.4 GB',
  );
  const small = versionObjectOf(version, 5e8).memory;
  assert.deepEqual([small?.fits, small?.instead.length], [false, 2]);
});

test('nothing is said of memory where no machine is known, and of what takes none of its own', async () => {
  assert.equal(versionObjectOf(await smallVersion(), null).memory, null);
  assert.equal(versionObjectOf(await smallVersion({ engine: 'remote', files: [] }), 2e9).memory, null);
});
