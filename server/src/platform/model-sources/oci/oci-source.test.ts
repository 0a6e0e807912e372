import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { gunzipSync, zstdCompressSync } from 'node:zlib';
import { tarGz } from '../../../../test/archives.ts';
import { createTestModelSource, type TestModelSource } from '../../../../test/model-source.ts';
import { type OciServer, startOciServer } from '../../../../test/oci-server.ts';
import { createOutboundGuard } from '../../outbound-guard/outbound-guard.ts';

let server: OciServer;
let source: TestModelSource;
let uri: string;
const weights = randomBytes(200_000);
const signal = AbortSignal.timeout(60_000);

before(async () => {
  server = await startOciServer();
});
after(() => server.stop());
beforeEach(async () => {
  server.access = 'open';
  server.server.requests.length = 0;
  server.blobs.requests.length = 0;
  server.blobs.fault = () => null;
  source = await createTestModelSource();
  uri = `oci:${server.registry}/maker/model:1`;
});
afterEach(() => source.end());

const titled = (path: string, body: Buffer | string) => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
  body: Buffer.from(body),
  annotations: { 'org.opencontainers.image.title': path },
});
const plain = () =>
  server.publish({
    name: 'maker/model',
    tag: '1',
    layers: [titled('model.gguf', weights), titled('config.json', '{}'), titled('run.py', 'print()')],
    annotations: { 'org.opencontainers.image.licenses': 'Apache-2.0' },
  });

test('an artefact with named files becomes its digest, and its blobs come from where the registry redirects', async () => {
  const digest = plain();
  const found = await source.resolve(uri, signal);
  assert.equal(found.uri, `oci:${server.registry}/maker/model@${digest}`);
  assert.equal(found.revision, digest);
  assert.deepEqual(found.license, { id: 'Apache-2.0', url: null, gated: false });
  assert.deepEqual(
    found.files.map(({ path }) => path),
    ['model.gguf', 'config.json'],
  );
  assert.deepEqual(found.notes, ['Left out: run.py.']);
  const [first] = await source.fetchAll(found);
  assert.ok((await readFile(first?.target ?? '')).equals(weights));
  assert.ok(server.blobs.requests.every(({ headers }) => headers.authorization === undefined));
});

test('the layers of Ollama and of Docker have types instead of names', async () => {
  const layer = (mediaType: string, body: string) => ({ mediaType, body: Buffer.from(body) });
  server.publish({
    name: 'maker/model',
    tag: '1',
    configType: 'application/vnd.docker.container.image.v1+json',
    layers: [
      layer('application/vnd.ollama.image.model', 'weights'),
      layer('application/vnd.ollama.image.template', '{{ .Prompt }}'),
      layer('application/vnd.ollama.image.license', 'one licence'),
      layer('application/vnd.ollama.image.license', 'another licence'),
      layer('application/vnd.ollama.image.params', '{}'),
    ],
  });
  const ollama = await source.resolve(uri, signal);
  assert.deepEqual(
    ollama.files.map(({ path }) => path),
    ['model.gguf', 'template.txt', 'LICENSE', 'LICENSE-2', 'params.json'],
  );
  const fetched = await source.fetchAll(ollama);
  assert.equal(await readFile(fetched[3]?.target ?? '', 'utf8'), 'another licence');
  server.publish({
    name: 'maker/model',
    tag: '2',
    layers: [
      layer('application/vnd.docker.ai.gguf.v3', 'weights'),
      layer('application/vnd.docker.ai.license', 'x'),
    ],
    inList: true,
  });
  const docker = await source.resolve(uri.replace(/:1$/, ':2'), signal);
  assert.deepEqual(
    docker.files.map(({ path }) => path),
    ['model.gguf', 'LICENSE'],
  );
});

test('packed layers, of ModelPack and KitOps alike, are taken apart, in the folder that the caller says', async () => {
  const packed = await tarGz({
    'weights/model.safetensors': weights,
    'weights/config.json': Buffer.from('{}'),
  });
  server.publish({
    name: 'maker/model',
    tag: '1',
    layers: [
      { mediaType: 'application/vnd.cncf.model.weight.v1.tar', body: gunzipSync(packed) },
      {
        mediaType: 'application/vnd.kitops.modelkit.docs.v1.tar+gzip',
        body: await tarGz({ 'README.md': Buffer.from('read') }),
      },
      {
        mediaType: 'application/vnd.cncf.model.weight.config.v1.tar+zstd',
        body: zstdCompressSync(gunzipSync(await tarGz({ 'tokenizer.json': Buffer.from('{}') }))),
      },
      { mediaType: 'application/vnd.cncf.model.dataset.v1.tar', body: Buffer.from('data') },
    ],
  });
  const progress: number[] = [];
  const found = await source.resolve(uri, signal, { onProgress: (bytes) => progress.push(bytes) });
  assert.deepEqual(
    found.files.map(({ path, sizeBytes }) => [path, sizeBytes]),
    [
      ['weights/model.safetensors', weights.length],
      ['weights/config.json', 2],
      ['README.md', 4],
      ['tokenizer.json', 2],
    ],
  );
  assert.deepEqual(found.notes, ['Left out: data sets and code.']);
  assert.ok(progress.length > 0);
  // What is kept of a source may be written down: another process goes on with it.
  const remembered = JSON.parse(JSON.stringify(found));
  const fetched = await source.fetchAll(remembered);
  assert.ok((await readFile(fetched[0]?.target ?? '')).equals(weights));
  assert.equal(await readFile(fetched[3]?.target ?? '', 'utf8'), '{}');
  assert.equal((await readdir(join(source.folder, 'archives'))).length, 3);
});

test('files of one layer that are fetched at once on a machine without it download it once', async () => {
  const members = ['a', 'b', 'c'].map((name): [string, Buffer] => [`${name}.gguf`, randomBytes(300_000)]);
  const body = gunzipSync(await tarGz(Object.fromEntries(members)));
  const layers = [{ mediaType: 'application/vnd.cncf.model.weight.v1.tar', body }];
  server.publish({ name: 'maker/model', tag: '1', layers });
  const found = await source.resolve(uri, signal);
  await rm(join(source.folder, 'archives'), { recursive: true });
  server.blobs.requests.length = 0;
  const options = { signal, onProgress: () => {} };
  await Promise.all(
    found.files.map((file) => source.fetch(found, file, join(source.folder, file.path), options)),
  );
  for (const [path, wanted] of members) assert.ok((await readFile(join(source.folder, path))).equals(wanted));
  const ranges = server.blobs.requests.map(({ headers }) => headers.range);
  assert.equal(new Set(ranges).size, ranges.length, 'no part twice');
});

test('a container image gives what lies below models/ in it', async () => {
  const body = await tarGz({ 'models/model.gguf': weights, 'etc/motd.txt': Buffer.from('welcome') });
  server.publish({
    name: 'maker/model',
    tag: '1',
    configType: 'application/vnd.oci.image.config.v1+json',
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', body }],
  });
  const found = await source.resolve(uri, signal);
  assert.deepEqual(
    found.files.map(({ path }) => path),
    ['model.gguf'],
  );
  const [fetched] = await source.fetchAll(found);
  assert.ok((await readFile(fetched?.target ?? '')).equals(weights));
});

test('tokens are fetched where the registry asks for them, without credentials and with them', async () => {
  plain();
  server.access = 'anonymous token';
  assert.equal((await source.fetchAll(await source.resolve(uri, signal))).length, 2);
  for (const access of ['token for the user', 'basic'] as const) {
    server.access = access;
    await assert.rejects(source.resolve(uri.replace('maker/model', 'maker/other'), signal), {
      code: 'model.source_gated',
      message: /it asks for credentials/,
    });
    const registryAuthFile = join(source.folder, 'config.json');
    const auth = Buffer.from(`${server.user.name}:${server.user.password}`).toString('base64');
    await writeFile(
      registryAuthFile,
      JSON.stringify({ auths: { [`http://${server.registry}/v2/`]: { auth } } }),
    );
    // The operator named this registry: its address may be internal.
    const guard = createOutboundGuard({ allow: [] });
    const known = await createTestModelSource({ registryAuthFile, guard });
    try {
      assert.equal((await known.fetchAll(await known.resolve(uri, signal))).length, 2);
    } finally {
      await known.end();
    }
  }
});

test('what the digests do not fit is refused, the manifest as well as the layers', async () => {
  const digest = plain();
  const found = await source.resolve(uri, signal);
  server.blobs.fault = () => ({ kind: 'wrong' });
  await assert.rejects(source.fetchAll(found), { code: 'model.file_mismatch' });
  server.falsify(digest);
  await assert.rejects(source.resolve(found.uri, signal), {
    code: 'model.file_mismatch',
    message: /its digest is/,
  });
});

test('packed layers that leave their folder or hold nothing of a model are refused', async () => {
  const publish = async (members: Record<string, Buffer>) =>
    server.publish({
      name: 'maker/model',
      tag: '1',
      layers: [{ mediaType: 'application/vnd.cncf.model.weight.v1.tar+gzip', body: await tarGz(members) }],
    });
  await publish({ '../../model.gguf': weights });
  await assert.rejects(source.resolve(uri, signal), { code: 'model.refused' });
  await publish({ 'model.gguf': Buffer.alloc(300 * 1024 * 1024) });
  await assert.rejects(source.resolve(uri, signal), { code: 'model.refused', message: /grow to/ });
  await publish({ 'picture.png': weights });
  await assert.rejects(source.resolve(uri, signal), { code: 'model.source_unavailable', message: /no GGUF/ });
});

test('a source without a registry, or with an internal one that nobody allowed, is refused', async () => {
  await assert.rejects(source.resolve('oci:maker/model:1', signal), { code: 'model.source_invalid' });
  const guarded = await createTestModelSource({ guard: createOutboundGuard({ allow: [] }) });
  try {
    await assert.rejects(guarded.resolve(uri, signal), { code: 'request.address_refused' });
  } finally {
    await guarded.end();
  }
});
