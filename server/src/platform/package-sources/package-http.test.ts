import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createPackageHttp } from './package-http.ts';

test("a server whose certificate the company's authority signed is trusted with SAMOVAR_CA_FILE alone", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'samovar-ca-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'];
  await promisify(execFile)('openssl', [
    ...[...request, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', key, '-out', cert],
  ]);
  const server = createServer({ key: await readFile(key), cert: await readFile(cert) }, (_, response) => {
    response.end('hello');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const url = `https://127.0.0.1:${address.port}/`;
  const mirrors = {
    pypiIndex: url,
    npmRegistry: url,
    npmToken: null,
    mavenRepository: url,
    httpProxy: null,
    httpsProxy: null,
    noProxy: '',
  };
  const [trusting, doubting] = [[cert], []].map((caFiles) => createPackageHttp({ ...mirrors, caFiles }));
  try {
    assert.equal((await trusting?.getText(url, {}, AbortSignal.timeout(5000)))?.text, 'hello');
    await assert.rejects(
      async () => await doubting?.getText(url, {}, AbortSignal.timeout(5000)),
      /self-signed/,
    );
  } finally {
    await trusting?.close();
    await doubting?.close();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  }
});
