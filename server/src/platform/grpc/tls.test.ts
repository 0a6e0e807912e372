import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as secureConnect } from 'node:tls';
import { create } from '@bufbuild/protobuf';
import { credentials, status } from '@grpc/grpc-js';
import { createTestAuthority, type TestCertificate } from '../../../test/certificates.ts';
import { collect, createTestClient } from '../../../test/grpc/test-client.ts';
import {
  type StreamingExchange,
  startTestGrpcServer,
  streaming,
  type TestGrpcServer,
  unary,
} from '../../../test/grpc/test-server.ts';
import type { Certificate, SecureContextOptions } from '../../kernel/ports/certificate.ts';

const authority = createTestAuthority();
const nextAuthority = createTestAuthority();
let options = asOptions(authority.issue('127.0.0.1'));
const listeners: ((options: SecureContextOptions) => void)[] = [];
const certificate: Certificate = {
  secureContextOptions: () => options,
  onChange: (listener) => void listeners.push(listener),
};
let served: TestGrpcServer;
let running: StreamingExchange | null = null;

function asOptions({ cert, key }: TestCertificate): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2' };
}

function clientTrusting(cert: Buffer) {
  return createTestClient(served.address, credentials.createSsl(cert));
}

before(async () => {
  served = await startTestGrpcServer({
    certificate,
    streaming: (exchange) => {
      running = exchange;
    },
  });
});
after(async () => {
  await served.server.stop(0);
});

test('a client that trusts the authority is served, another is not, and a plain one neither', async () => {
  const client = clientTrusting(authority.cert);
  assert.equal((await client.unary(unary, { text: 'tea' })).message?.tokens[0]?.text, 'tea');
  const soon = () => ({ options: { deadline: Date.now() + 1000 } });
  const stranger = clientTrusting(nextAuthority.cert);
  const plain = createTestClient(served.address);
  for (const refused of [stranger, plain]) {
    const { error } = await refused.unary(unary, {}, soon());
    assert.ok([status.UNAVAILABLE, status.DEADLINE_EXCEEDED].includes(error?.code ?? 0), String(error));
    refused.close();
  }
  client.close();
});

test('a new certificate is shown to new connections, and no running stream is dropped', async () => {
  const client = clientTrusting(authority.cert);
  const stream = collect(client.stream(streaming, {}));
  for (let tries = 0; running === null && tries < 100; tries += 1) await pause(10);
  options = asOptions(nextAuthority.issue('127.0.0.1'));
  for (const listener of listeners) listener(options);
  const later = clientTrusting(nextAuthority.cert);
  assert.equal((await later.unary(unary, {})).error, null);
  for (let number = 0; number < 3; number += 1)
    running?.answer.message(create(streaming.output, { modelVersion: String(number) }));
  running?.answer.end();
  const { messages, error } = await stream;
  assert.equal(error, null);
  assert.equal(messages.length, 3);
  assert.equal((await client.unary(unary, {})).error, null, 'its connection lives on');
  client.close();
  later.close();
});

test('only h2 over TLS 1.2 or newer is spoken', async () => {
  const shake = (more: object) =>
    new Promise<string | false | null>((resolve) => {
      const socket = secureConnect({
        port: served.server.port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ALPNProtocols: ['h2'],
        ...more,
      });
      socket.once('secureConnect', () => {
        resolve(socket.alpnProtocol);
        socket.destroy();
      });
      socket.once('error', () => resolve(null));
    });
  assert.equal(await shake({}), 'h2');
  assert.equal(await shake({ maxVersion: 'TLSv1.2' }), 'h2');
  assert.equal(await shake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }), null);
  assert.notEqual(await shake({ ALPNProtocols: ['http/1.1'] }), 'http/1.1');
});

test('a stop does not wait for connections that have not shaken hands', async () => {
  const other = await startTestGrpcServer({ certificate });
  const socket = connect(other.server.port, '127.0.0.1');
  socket.on('error', () => {});
  await pause(50);
  const startedAt = performance.now();
  await other.server.stop(5000);
  assert.ok(performance.now() - startedAt < 1000);
  socket.destroy();
});
