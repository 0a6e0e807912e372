import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadSettings } from './load-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'samovar-settings-'));
after(() => rmSync(folder, { recursive: true }));

test('a file that a setting names and that cannot be read is refused with its name and the reason', () => {
  const missing = join(folder, 'missing.pem');
  for (const [name, variable] of [
    ['caFile', 'SAMOVAR_CA_FILE'],
    ['masterKeyFile', 'SAMOVAR_MASTER_KEY_FILE'],
  ] as const) {
    const refusal = (path: string) => {
      try {
        loadSettings({ [name]: path });
      } catch (error) {
        assert.ok(error instanceof Error && 'code' in error);
        assert.equal(error.code, 'setup.setting_invalid');
        return error.message;
      }
      return null;
    };
    assert.equal(
      refusal(missing),
      `The setting ${variable} from the command line is not valid: the file ${missing} does not exist.`,
    );
    assert.match(String(refusal(folder)), /is a folder\.$/);
    const there = join(folder, 'there.pem');
    writeFileSync(there, '');
    assert.equal(refusal(there), null);
  }
});
