import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings } from './resolve-settings.ts';
import { shownSettings } from './shown-settings.ts';

test('every setting is shown with its source, and neither a secret nor a password in an address is', () => {
  const shown = shownSettings(
    resolveSettings({
      flags: { port: '9000' },
      environment: {
        SAMOVAR_MASTER_KEY: 'hidden-master',
        SAMOVAR_NPM_REGISTRY: 'https://me:hidden-password@mirror.example/npm/',
        SAMOVAR_DEFAULT_MODELS: 'a,b',
      },
      file: { postgres: { url: 'postgres://hidden' } },
    }),
  );
  const of = (name: string) => shown.find((setting) => setting.name === name);
  assert.deepEqual([of('port')?.value, of('port')?.source], ['9000', 'flag']);
  assert.deepEqual([of('masterKey')?.value, of('masterKey')?.source], ['********', 'environment']);
  assert.equal(of('postgresUrl')?.source, 'file');
  assert.equal(of('npmRegistry')?.value, 'https://********@mirror.example/npm/');
  assert.equal(of('defaultModels')?.value, 'a,b');
  assert.equal(of('s3Bucket')?.value, null);
  assert.ok(!JSON.stringify(shown).includes('hidden'));
});
