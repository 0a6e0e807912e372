import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import {
  CompletionRequestSchema,
  CompletionResponseSchema,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import { createTestAuthority, type TestCertificate } from '../certificates.ts';
import { startTestStack, type TestStack } from '../stack.ts';

const folder = mkdtempSync(join(tmpdir(), 'samovar-tls-'));
const files = {
  SAMOVAR_TLS_CERT_FILE: join(folder, 'tls.crt'),
  SAMOVAR_TLS_KEY_FILE: join(folder, 'tls.key'),
  SAMOVAR_CA_FILE: join(folder, 'ca.pem'),
};
const [first, next] = [createTestAuthority(), createTestAuthority()];
const path = '/yandex.cloud.ai.foundation_models.v1.TextGenerationService/Completion';
/** A long list is an answer that does not end early. */
const schema = { type: 'array', items: { type: 'integer' }, minItems: 1500 };
const modelUri = 'gpt://0/chat-default/latest';

let stack: TestStack;
before(async () => {
  writeFileSync(files.SAMOVAR_CA_FILE, first.cert);
  use(first.issue('localhost', '127.0.0.1'));
  stack = await startTestStack(files);
});
after(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a certificate of another authority is taken on both ports without a restart, while streams go on', async () => {
  const http = await streamOverHttp(first.cert);
  const grpc = await streamOverGrpc(first.cert);
  use(next.issue('localhost', '127.0.0.1'));
  await pause(8_000);
  await assert.rejects(streamOverHttp(first.cert));
  await assert.rejects(streamOverGrpc(first.cert));
  const renewed = [await streamOverHttp(next.cert), await streamOverGrpc(next.cert)];
  for (const stream of [http, grpc, ...renewed]) {
    const seen = stream.pieces();
    for (let tries = 0; stream.pieces() === seen; tries += 1) {
      assert.ok(tries < 100, 'a stream stands still');
      await pause(100);
    }
    stream.leave();
  }
});

interface RunningStream {
  pieces(): number;
  leave(): void;
}

async function streamOverHttp(ca: Buffer): Promise<RunningStream> {
  const call = request(`${stack.url}/foundationModels/v1/completion`, {
    ca,
    agent: false,
    method: 'POST',
    headers: { authorization: `Api-Key ${stack.key}`, 'content-type': 'application/json' },
  });
  const messages = [{ role: 'user', text: 'Count.' }];
  call.end(
    JSON.stringify({ modelUri, messages, completionOptions: { stream: true }, jsonSchema: { schema } }),
  );
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  assert.equal(answer.statusCode, 200);
  let pieces = 0;
  answer.on('data', () => {
    pieces += 1;
  });
  call.on('error', () => undefined);
  await once(answer, 'data');
  return { pieces: () => pieces, leave: () => call.destroy() };
}

async function streamOverGrpc(ca: Buffer): Promise<RunningStream> {
  const client = new Client(stack.grpcAddress, credentials.createSsl(ca));
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${stack.key}`);
  const asked = create(CompletionRequestSchema, {
    modelUri,
    completionOptions: { stream: true },
    messages: [{ role: 'user', Content: { case: 'text', value: 'Count.' } }],
    ResponseFormat: { case: 'jsonSchema', value: { schema } },
  });
  const call = client.makeServerStreamRequest(
    path,
    (message: typeof asked) => Buffer.from(toBinary(CompletionRequestSchema, message)),
    (bytes) => fromBinary(CompletionResponseSchema, bytes),
    asked,
    metadata,
  );
  let pieces = 0;
  call.on('data', () => {
    pieces += 1;
  });
  await once(call, 'data').catch((error: unknown) => {
    client.close();
    throw error;
  });
  call.on('error', () => undefined);
  return {
    pieces: () => pieces,
    leave() {
      call.cancel();
      client.close();
    },
  };
}

function use({ cert, key }: TestCertificate): void {
  writeFileSync(files.SAMOVAR_TLS_CERT_FILE, cert);
  writeFileSync(files.SAMOVAR_TLS_KEY_FILE, key);
}
