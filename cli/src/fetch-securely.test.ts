import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTestAuthority, type TestCertificate } from '../../server/test/certificates.ts';
import { fetchSecurely } from './fetch-securely.ts';

const authority = createTestAuthority();
const own = authority.issue('samovar.example');
const other = authority.issue('samovar.example');
const servers: Server[] = [];
let folder = '';
let certFile = '';
let caFile = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fetch-securely-'));
  certFile = join(folder, 'server.pem');
  caFile = join(folder, 'authority.pem');
  await writeFile(certFile, Buffer.concat([own.cert, authority.cert]));
  await writeFile(caFile, authority.cert);
});
after(async () => {
  for (const server of servers) server.close();
  await rm(folder, { recursive: true });
});

async function serve({ cert, key }: TestCertificate): Promise<URL> {
  const server = createServer({ cert, key }, (_request, response) => response.end('tea'));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return new URL(`https://127.0.0.1:${address.port}/`);
}

test('a server with the pinned certificate is known whatever its name; one of the same authority is not', async () => {
  const pinned = { kind: 'pinned', certFile } as const;
  assert.equal(await (await fetchSecurely(await serve(own), {}, pinned)).text(), 'tea');
  await assert.rejects(fetchSecurely(await serve(other), {}, pinned), { message: 'The connection failed' });
});

test('a server is known by an authority only under its name', async () => {
  const named = authority.issue('127.0.0.1');
  const trust = { kind: 'authorities', caFile } as const;
  assert.equal(await (await fetchSecurely(await serve(named), {}, trust)).text(), 'tea');
  await assert.rejects(fetchSecurely(await serve(own), {}, trust));
  await assert.rejects(fetchSecurely(await serve(named), {}, { kind: 'authorities', caFile: null }));
});
