import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@samovar/contract/generated/grpc/health/v1/health_pb';
import { createTestClient, type TestClient } from '../../../../test/grpc/test-client.ts';
import { startTestGrpcServer, type TestGrpcServer, unary } from '../../../../test/grpc/test-server.ts';

let served: TestGrpcServer;
let client: TestClient;
let ready = true;
const { check, list, watch } = Health.method;
const withoutKey = { metadata: { authorization: '' } };

before(async () => {
  served = await startTestGrpcServer({ ready: () => ready });
  client = createTestClient(served.address);
});
after(async () => {
  client.close();
  await served.server.stop(0);
});

test('anyone is told how the server and each service are, and that another is not here', async () => {
  for (const service of ['', unary.parent.typeName]) {
    const { message } = await client.unary(check, { service }, withoutKey);
    assert.equal(message?.status, ServingStatus.SERVING, service);
  }
  assert.equal((await client.unary(check, { service: 'no.Such' }, withoutKey)).error?.code, status.NOT_FOUND);
  const { message } = await client.unary(list, {}, withoutKey);
  assert.deepEqual(Object.keys(message?.statuses ?? {}).sort(), [
    '',
    'yandex.cloud.ai.foundation_models.v1.TextGenerationService',
    'yandex.cloud.ai.foundation_models.v1.TokenizerService',
  ]);
});

test('a watcher is told how it is now, and each change', async () => {
  const seen: number[] = [];
  const changed: (() => void)[] = [];
  const stream = client.stream(watch, { service: '' }, withoutKey);
  stream.on('error', () => {});
  stream.on('data', (message) => {
    seen.push(message.status);
    changed.shift()?.();
  });
  const nextChange = () => new Promise<void>((resolve) => changed.push(resolve));
  const first = nextChange();
  await first;
  const second = nextChange();
  ready = false;
  await second;
  const third = nextChange();
  ready = true;
  await third;
  assert.deepEqual(seen, [ServingStatus.SERVING, ServingStatus.NOT_SERVING, ServingStatus.SERVING]);
  stream.cancel();
  const unknown = client.stream(watch, { service: 'no.Such' }, withoutKey);
  unknown.on('error', () => {});
  const [message] = await new Promise<{ status: number }[]>((resolve) =>
    unknown.once('data', (data) => resolve([data])),
  );
  assert.equal(message?.status, ServingStatus.SERVICE_UNKNOWN);
  unknown.cancel();
});
