import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  CompletionRequestSchema,
  TextGenerationService,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import { startTestGateway, type TestGateway, versionId } from '../gateway.ts';
import { framed } from '../grpc/raw-call.ts';
import { pathOf } from '../grpc/test-client.ts';
import {
  beginEvents,
  chatEvent,
  doneEvent,
  type ScriptedWorker,
  startScriptedWorker,
  usageEvent,
} from '../scripted-worker.ts';

const pieces = 6000;
const whole = 'tea '.repeat(pieces);
/** What the messages of all pieces would take: each has the text up to its piece. */
const everythingBytes = (whole.length * pieces) / 2;

describe('a client that reads slowly is sent the text that there is by then, not every step to it', () => {
  let gateway: TestGateway;
  let worker: ScriptedWorker;
  before(async () => {
    worker = await startScriptedWorker(({ response }) => {
      beginEvents(response);
      response.end(chatEvent('tea ').repeat(pieces) + usageEvent() + doneEvent);
    });
    gateway = await startTestGateway({ replicas: [worker.replica(versionId)] });
  });
  after(async () => {
    await gateway.stop();
    await worker.die();
  });

  test('over REST', async () => {
    const body = JSON.stringify({
      modelUri: 'gpt://0/m',
      completionOptions: { stream: true },
      messages: [{ role: 'user', text: 'Hi' }],
    });
    const socket = connect(gateway.server.port, '127.0.0.1').pause();
    socket.write(
      'POST /foundationModels/v1/completion HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key smv_test\r\n' +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await gateway.metered(1);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) {
      chunks.push(chunk);
      if (chunk.subarray(-5).toString() === '0\r\n\r\n') break;
    }
    const text = Buffer.concat(chunks).toString();
    assert.ok(text.length < everythingBytes / 5, `${text.length} bytes`);
    assert.ok(text.includes(`"text":"${whole}"},"status":"ALTERNATIVE_STATUS_FINAL"`));
  });

  test('over gRPC', async () => {
    const session = connectHttp2(`http://${gateway.grpcAddress}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': pathOf(TextGenerationService.method.completion),
      'content-type': 'application/grpc',
      authorization: `Api-Key ${gateway.key}`,
    });
    const request = create(CompletionRequestSchema, {
      modelUri: 'gpt://0/m',
      completionOptions: { stream: true },
      messages: [{ role: 'user', Content: { case: 'text', value: 'Hi' } }],
    });
    stream.end(framed(toBinary(CompletionRequestSchema, request)));
    await gateway.metered(2);
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    session.close();
    const bytes = Buffer.concat(chunks);
    assert.ok(bytes.length < everythingBytes / 5, `${bytes.length} bytes`);
    assert.ok(bytes.includes(whole));
  });
});
