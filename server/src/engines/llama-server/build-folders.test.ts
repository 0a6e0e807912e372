import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { makeBuildFolder, removeAbandonedBuilds } from './build-folders.ts';

test('folders of killed builds go with the next build; builds that run and finished engines stay', async () => {
  const engines = await mkdtemp(join(tmpdir(), 'samovar-engines-'));
  try {
    const ended = spawnSync(process.execPath, ['--version']).pid;
    const own = basename(await makeBuildFolder(engines));
    const another = `build-${process.ppid}-abcdef`;
    const kept = [own, another, 'llama-server-b1', 'rebuild-notes'];
    for (const name of [...kept, `build-${ended}-abcdef`, 'build-old'])
      await mkdir(join(engines, name, 'source'), { recursive: true });
    await removeAbandonedBuilds(engines);
    assert.deepEqual((await readdir(engines)).sort(), kept.sort());
  } finally {
    await rm(engines, { recursive: true });
  }
});
