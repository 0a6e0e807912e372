import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTestAuthority } from '../../../../test/certificates.ts';
import { contentOf, type FileServer, startFileServer } from '../../../../test/file-server.ts';
import { createTestModelSource } from '../../../../test/model-source.ts';

let folder: string;
let server: FileServer;
const bytes = randomBytes(24 * 1024 * 1024);
const content = contentOf(bytes);
const partBytes = 1024 * 1024;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-parts-'));
  const authority = createTestAuthority();
  await writeFile(join(folder, 'ca.pem'), authority.cert);
  server = await startFileServer({ tls: authority.issue('127.0.0.1') });
  server.files.set('/model.gguf', { content });
});
after(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

test('over TLS, where records come faster than they are taken, every byte arrives once and in its place', async () => {
  const caFiles = [join(folder, 'ca.pem')];
  const source = await createTestModelSource({ caFiles, limits: { partBytes: () => partBytes } });
  try {
    const signal = AbortSignal.timeout(60_000);
    const found = await source.resolve(`${server.url}/model.gguf`, signal);
    server.requests.length = 0;
    const [fetched] = await source.fetchAll(found);
    assert.ok((await readFile(fetched?.target ?? '')).equals(bytes));
    assert.equal(fetched?.sha256, content.sha256);
    // No part was asked for twice, and few connections carried them all.
    assert.equal(server.requests.length, bytes.length / partBytes);
    assert.ok(server.connections() <= 6, `${server.connections()} connections`);
  } finally {
    await source.end();
  }
});

test('a connection that the server ended while it lay idle is replaced without a word', async () => {
  const caFiles = [join(folder, 'ca.pem')];
  const source = await createTestModelSource({ caFiles, limits: { partBytes: () => partBytes } });
  server.endAfterAnswer = true;
  try {
    const found = await source.resolve(`${server.url}/model.gguf`, AbortSignal.timeout(60_000));
    const [fetched] = await source.fetchAll(found);
    assert.equal(fetched?.sha256, content.sha256);
  } finally {
    server.endAfterAnswer = false;
    await source.end();
  }
});
