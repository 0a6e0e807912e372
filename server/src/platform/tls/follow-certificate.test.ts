import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createTestAuthority, type TestCertificate } from '../../../test/certificates.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { followCertificate } from './follow-certificate.ts';
import { readCertificate } from './read-certificate.ts';

const authority = createTestAuthority();
const root = mkdtempSync(join(tmpdir(), 'samovar-tls-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

function folderWith(pair: TestCertificate): { folder: string; certFile: string; keyFile: string } {
  folders += 1;
  const folder = join(root, String(folders));
  mkdirSync(folder);
  writePair(folder, pair);
  return { folder, certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
}

function writePair(folder: string, { cert, key }: TestCertificate): void {
  writeFileSync(join(folder, 'tls.crt'), cert);
  writeFileSync(join(folder, 'tls.key'), key);
}

async function follow(files: { certFile: string; keyFile: string }, log: Log = silentLog) {
  const seen: Buffer[] = [];
  const followed = await followCertificate({ files, clock: systemClock, log, lookMs: 20 });
  followed.onChange(({ cert }) => seen.push(cert));
  return { followed, seen };
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    assert.ok(tries < 100, 'it never came');
    await pause(20);
  }
}

test('a pair that cannot be used is refused with what is wrong, without a word of the key', async () => {
  const [good, other] = [authority.issue('localhost'), authority.issue('localhost')];
  const { certFile, keyFile } = folderWith(good);
  const year = 366 * 24 * 3_600_000;
  const wrong: [RegExp, () => Promise<unknown>][] = [
    [
      /key is not that of the certificate/,
      () => readCertificate(folderWith({ ...good, key: other.key }), Date.now()),
    ],
    [
      /holds no PEM certificate/,
      () => readCertificate(folderWith({ ...good, cert: Buffer.from('x') }), Date.now()),
    ],
    [/holds no PEM key/, () => readCertificate(folderWith({ ...good, key: Buffer.from('x') }), Date.now())],
    [/expired on \d{4}-/, () => readCertificate({ certFile, keyFile }, Date.now() + 100 * year)],
    [/not valid before/, () => readCertificate({ certFile, keyFile }, Date.now() - year)],
    [/cannot be read/, () => readCertificate({ certFile: `${certFile}.no`, keyFile }, Date.now())],
  ];
  for (const [reason, read] of wrong)
    await assert.rejects(read, (error: Error & { code?: string; remedy?: string }) => {
      assert.equal(error.code, 'setup.tls_unusable');
      assert.match(error.message, reason);
      assert.match(error.remedy ?? '', /SAMOVAR_TLS_CERT_FILE/);
      assert.doesNotMatch(error.message, /PRIVATE/);
      return true;
    });
});

test('a pair that is written over is taken, once both halves are there', async () => {
  const files = folderWith(authority.issue('localhost'));
  const { followed, seen } = await follow(files);
  const next = authority.issue('localhost');
  writeFileSync(files.certFile, next.cert);
  await pause(100);
  assert.equal(seen.length, 0, 'half a change is none');
  writeFileSync(files.keyFile, next.key);
  await until(() => seen.length === 1);
  assert.deepEqual(followed.secureContextOptions().cert, next.cert);
  followed.stop();
});

test('a pair that is renamed into place, or behind a link that is swapped, is taken', async () => {
  const files = folderWith(authority.issue('localhost'));
  const { followed, seen } = await follow(files);
  const renamed = authority.issue('localhost');
  for (const [name, text] of [
    ['tls.crt', renamed.cert],
    ['tls.key', renamed.key],
  ] as const) {
    writeFileSync(join(files.folder, 'new'), text);
    renameSync(join(files.folder, 'new'), join(files.folder, name));
  }
  await until(() => seen.length === 1);
  followed.stop();
  // As Kubernetes mounts a secret: files that are links through `..data`, which is a link to a folder of a moment.
  const mount = join(root, 'mount');
  mkdirSync(mount);
  const [first, second] = [
    folderWith(authority.issue('localhost')),
    folderWith(authority.issue('localhost')),
  ];
  symlinkSync(first.folder, join(mount, '..data'));
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(mount, name));
  const mounted = await follow({ certFile: join(mount, 'tls.crt'), keyFile: join(mount, 'tls.key') });
  symlinkSync(second.folder, join(mount, '..next'));
  renameSync(join(mount, '..next'), join(mount, '..data'));
  await until(() => mounted.seen.length === 1);
  mounted.followed.stop();
});

test('a broken new pair is told once, a missing one does no harm, and the old one stays until a good one comes', async () => {
  const first = authority.issue('localhost');
  const files = folderWith(first);
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (_, message) => errors.push(message) };
  const { followed, seen } = await follow(files, log);
  writeFileSync(files.certFile, 'broken');
  await until(() => errors.length === 1);
  await pause(100);
  assert.equal(errors.length, 1);
  unlinkSync(files.certFile);
  await pause(60);
  assert.deepEqual(followed.secureContextOptions().cert, first.cert);
  const next = authority.issue('localhost');
  writePair(files.folder, next);
  await until(() => seen.length === 1);
  followed.stop();
});
