import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createTestAuthority } from '../../../server/test/certificates.ts';
import { newDataFolder, runSamovar } from '../../test/run-samovar.ts';
import { lastRecord } from '../running-server.ts';

const data = newDataFolder();
const root = dirname(data);
after(() => rmSync(root, { recursive: true, force: true }));

test('up, status and the API commands work under TLS, by a certificate for another name, and after it has changed', async () => {
  const files = {
    SAMOVAR_TLS_CERT_FILE: join(root, 'tls.crt'),
    SAMOVAR_TLS_KEY_FILE: join(root, 'tls.key'),
  };
  const use = ({ cert, key }: { readonly cert: Buffer; readonly key: Buffer }) => {
    writeFileSync(files.SAMOVAR_TLS_CERT_FILE, cert);
    writeFileSync(files.SAMOVAR_TLS_KEY_FILE, key);
  };
  use(createTestAuthority().issue('samovar.example'));
  const up = await runSamovar(data, ['up', '--detach'], files);
  try {
    assert.equal(up.status, 0, up.err);
    const url = lastRecord(data)?.url ?? '';
    assert.match(url, /^https:/);
    assert.ok(up.out.includes(`API        ${url}/v1`), up.out);
    assert.match(up.out, /TLS +by .*tls\.crt/);
    const status = await runSamovar(data, ['status', '--json'], files);
    assert.equal((JSON.parse(status.out) as { url: string }).url, url);
    use(createTestAuthority().issue('samovar.example'));
    // The files are looked at every five seconds.
    await pause(7_000);
    const keys = await runSamovar(data, ['keys', 'list'], files);
    assert.equal(keys.status, 0, keys.err);
    const unset = await runSamovar(data, ['keys', 'list'], {});
    assert.equal(unset.status, 0, `a shell without the settings knows its own server: ${unset.err}`);
    rmSync(files.SAMOVAR_TLS_CERT_FILE);
    const unreadable = await runSamovar(data, ['keys', 'list'], {});
    assert.notEqual(unreadable.status, 0);
    assert.match(unreadable.err, /certificate of the Samovar that runs here, .*tls\.crt, cannot be read/);
  } finally {
    await runSamovar(data, ['down'], files);
  }
});
