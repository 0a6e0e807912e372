import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createTestAuthority } from '../../../server/test/certificates.ts';
import { checkCertificate } from './check-certificate.ts';

const folder = mkdtempSync(join(tmpdir(), 'samovar-doctor-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const tlsCertFile = join(folder, 'tls.crt');
const tlsKeyFile = join(folder, 'tls.key');
const dayMs = 24 * 3_600_000;

test('doctor tells for whom the certificate is, how long it holds, and what is wrong with it', () => {
  const authority = createTestAuthority();
  const [good, other] = [authority.issue('samovar.example'), authority.issue('samovar.example')];
  const check = (now?: number) => checkCertificate({ values: { tlsCertFile, tlsKeyFile } }, now);
  assert.equal(checkCertificate({ values: { tlsCertFile: null, tlsKeyFile: null } }).state, 'ok');
  assert.equal(check().state, 'fail');
  writeFileSync(tlsCertFile, good.cert);
  writeFileSync(tlsKeyFile, good.key);
  assert.deepEqual([check().state, check().detail], ['ok', 'DNS:samovar.example, valid for 29 days']);
  const soon = check(Date.now() + 25 * dayMs);
  assert.deepEqual([soon.state, soon.detail], ['warn', 'the certificate expires in 4 days']);
  assert.match(check(Date.now() + 40 * dayMs).detail, /expired/);
  assert.match(check(Date.now() - 9 * dayMs).detail, /not valid before/);
  writeFileSync(tlsKeyFile, other.key);
  assert.match(check().detail, /tls\.key is not the key of .*tls\.crt/);
  writeFileSync(tlsCertFile, 'nothing');
  assert.match(check().detail, /cannot be used/);
});
