import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSettings } from '../settings.ts';
import { checkModelSources } from './check-model-sources.ts';

test('the folder and the credentials of model sources are looked at where they are set, without showing a secret', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'samovar-doctor-'));
  const registryAuthFile = join(folder, 'config.json');
  const found = (flags: Parameters<typeof readSettings>[0]) => checkModelSources(readSettings(flags));
  try {
    assert.deepEqual(found({}), []);
    await writeFile(registryAuthFile, '{"auths":{"registry.example":{"auth":"c2VjcmV0OnNlY3JldA=="}}}');
    const [models, registry] = found({ modelFolder: folder, registryAuthFile });
    assert.equal(models?.state, 'ok');
    assert.equal(registry?.detail, 'for registry.example');
    await writeFile(registryAuthFile, '{"auths":{"registry.example":{}},"credsStore":"desktop"}');
    const broken = found({ modelFolder: join(folder, 'none'), registryAuthFile });
    assert.deepEqual(
      broken.map(({ state }) => state),
      ['warn', 'warn'],
    );
    assert.match(broken[1]?.detail ?? '', /credential helper/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
