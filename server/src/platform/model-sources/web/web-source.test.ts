import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { createTestAuthority } from '../../../../test/certificates.ts';
import { contentOf, type FileServer, startFileServer } from '../../../../test/file-server.ts';
import { createTestModelSource, type TestModelSource } from '../../../../test/model-source.ts';
import { createOutboundGuard } from '../../outbound-guard/outbound-guard.ts';

let folder: string;
let server: FileServer;
let plain: FileServer;
let source: TestModelSource;
const content = contentOf(randomBytes(500_000));
const signal = AbortSignal.timeout(30_000);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-web-'));
  const authority = createTestAuthority();
  await writeFile(join(folder, 'ca.pem'), authority.cert);
  const answer: NonNullable<Parameters<typeof startFileServer>[0]>['answer'] = (request, response) => {
    if (request.path === '/latest') response.writeHead(302, { location: '/model.gguf' }).end();
    else if (request.path === '/down') response.writeHead(302, { location: `${plain.url}/model.gguf` }).end();
    else if (request.path === '/round') response.writeHead(302, { location: '/round' }).end();
    else return false;
    return true;
  };
  server = await startFileServer({ tls: authority.issue('127.0.0.1'), answer });
  plain = await startFileServer();
  for (const each of [server, plain]) each.files.set('/model.gguf', { content });
});
after(async () => {
  await Promise.all([server.stop(), plain.stop()]);
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  source = await createTestModelSource({ caFiles: [join(folder, 'ca.pem')] });
});
afterEach(() => source.end());

test('a file of a web server is fetched, its digest checked where the source has one', async () => {
  const found = await source.resolve(`${server.url}/latest`, signal);
  assert.deepEqual(
    found.files.map(({ path, sizeBytes }) => [path, sizeBytes]),
    [['model.gguf', 500_000]],
  );
  const [fetched] = await source.fetchAll(found);
  assert.equal(fetched?.sha256, content.sha256);
  const pinned = await source.resolve(`${plain.url}/model.gguf#sha256=${content.sha256}`, signal);
  assert.equal((await source.fetchAll(pinned))[0]?.sha256, content.sha256);
  const wrong = await source.resolve(`${server.url}/model.gguf#sha256=${'0'.repeat(64)}`, signal);
  const other = await createTestModelSource({ caFiles: [join(folder, 'ca.pem')] });
  await assert.rejects(other.fetchAll(wrong), { code: 'model.file_mismatch' });
  await other.end();
});

test('the name of a file comes from the server where the address has none', async () => {
  const headers = { 'content-disposition': 'attachment; filename="model-Q8_0.gguf"' };
  server.files.set('/download/12', { content, headers });
  const found = await source.resolve(`${server.url}/download/12?token=secret`, signal);
  assert.equal(found.files[0]?.path, 'model-Q8_0.gguf');
  assert.ok((await readFile((await source.fetchAll(found))[0]?.target ?? '')).length === 500_000);
});

test('pickles, credentials in addresses, missing encryption and circles are refused', async () => {
  server.files.set('/model.pt', { content });
  await assert.rejects(source.resolve(`${server.url}/model.pt`, signal), { code: 'model.refused' });
  const invalid = { code: 'model.source_invalid' };
  await assert.rejects(source.resolve(`${plain.url}/model.gguf`, signal), invalid);
  await assert.rejects(source.resolve('https://user:secret@host/model.gguf', signal), (error: Error) => {
    assert.ok(!String(error.message).includes('secret'));
    return true;
  });
  await assert.rejects(source.resolve(`${server.url}/model.gguf#sha256=12`, signal), invalid);
  await assert.rejects(source.resolve(`${server.url}/down`, signal), { message: /not encrypted/ });
  await assert.rejects(source.resolve(`${server.url}/round`, signal), { message: /without end/ });
});

test('addresses inside are refused, those that a redirect leads to as well', async () => {
  const port = new URL(server.url).port;
  const resolveName = async () => [{ address: '127.0.0.1', family: 4 as const }];
  for (const allow of [[], ['models.example']]) {
    const guard = createOutboundGuard({ allow, resolveName });
    const guarded = await createTestModelSource({ caFiles: [join(folder, 'ca.pem')], guard });
    for (const uri of [`${server.url}/model.gguf`, `https://models.internal:${port}/model.gguf`])
      await assert.rejects(guarded.resolve(uri, signal), { code: 'request.address_refused' }, uri);
    // Even with what an earlier process has resolved.
    const file = { path: 'model.gguf', sizeBytes: 500_000, sha256: content.sha256 };
    const found = { revision: null, license: null, notes: [], alternatives: [], files: [file] };
    await assert.rejects(guarded.fetchAll({ ...found, uri: `${server.url}/model.gguf` }), {
      code: 'request.address_refused',
    });
    await guarded.end();
  }
});
