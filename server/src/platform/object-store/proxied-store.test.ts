import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { createTestAuthority } from '../../../test/certificates.ts';
import { type ForwardProxy, startForwardProxy } from '../../../test/forward-proxy.ts';
import { startS3Server, type TestS3Server } from '../../../test/s3-server.ts';
import { createProxyChoice } from '../outbound-network/proxy-choice.ts';
import { createS3Client } from './s3-client.ts';

const authority = createTestAuthority();
let folder: string;
let server: TestS3Server;
let secure: Server;
let proxy: ForwardProxy;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-proxied-s3-'));
  await writeFile(join(folder, 'ca.pem'), authority.cert);
  server = await startS3Server();
  secure = createServer(authority.issue('objects.example'), (request, response) => {
    request.resume();
    response.end(`${request.method} ${request.url}`);
  });
  secure.listen(0, '127.0.0.1');
  await once(secure, 'listening');
  const { port } = secure.address() as AddressInfo;
  const hosts = { 's3.example': Number(new URL(server.endpoint).port), 'objects.example': port };
  proxy = await startForwardProxy({ hosts, credentials: 'user:secret' });
});

after(async () => {
  await proxy.stop();
  secure.closeAllConnections();
  secure.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function clientOf(endpoint: string, noProxy = '') {
  const { accessKeyId, secretAccessKey } = server;
  return createS3Client({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
    pathStyle: true,
    checksums: 'when-required',
    caFile: join(folder, 'ca.pem'),
    proxyOf: createProxyChoice({
      caFiles: [],
      httpProxy: `http://user:secret@127.0.0.1:${proxy.port}`,
      httpsProxy: null,
      noProxy,
    }),
  });
}

test('buckets behind a proxy are reached by it, with TLS through a tunnel; exempt ones are not', async () => {
  const plain = clientOf('http://s3.example:9000');
  const where = { Bucket: server.bucket, Key: 'a/b' };
  await plain.send(new PutObjectCommand({ ...where, Body: 'content' }));
  const { Body } = await plain.send(new GetObjectCommand(where));
  assert.equal(await Body?.transformToString(), 'content');
  plain.destroy();
  const tunnelled = clientOf('https://objects.example');
  const answer = await tunnelled.send(new GetObjectCommand({ Bucket: 'models', Key: 'x' }));
  assert.match((await answer.Body?.transformToString()) ?? '', /^GET \/models\/x/);
  tunnelled.destroy();
  assert.match(proxy.asked.join('\n'), /PUT http:\/\/s3\.example:9000\/.*\nCONNECT objects\.example:443/s);
  const asked = proxy.asked.length;
  const near = clientOf(server.endpoint);
  await near.send(new PutObjectCommand({ ...where, Body: 'content' }));
  near.destroy();
  const exempt = clientOf('http://s3.example:9000', '.example');
  await assert.rejects(exempt.send(new GetObjectCommand(where)));
  exempt.destroy();
  assert.equal(proxy.asked.length, asked);
});
