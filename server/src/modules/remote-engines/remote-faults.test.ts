import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import {
  CompletionRequestSchema,
  TextGenerationService,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import {
  connectEngines,
  contentEvent,
  errorOf,
  misbehave,
  streamHead,
} from '../../../test/connected-engines.ts';
import { createGrpcCaller } from '../../../test/foundation-models/grpc-caller.ts';
import { type RemoteFixture, startRemoteFixture } from '../../../test/remote-fixture.ts';
import { sendJson, type UpstreamRequest } from '../../../test/upstream-request.ts';

let fixture: RemoteFixture;

before(async () => {
  fixture = await startRemoteFixture();
});

after(() => fixture.stop());

describe('an engine that fails a request', () => {
  test('with a status: a 502 that says which engine and how, where to look, and one line in the log', async () => {
    const told: Record<number, RegExp> = {
      500: /failed at this request: it answered 500\./,
      502: /it answered 502\./,
      404: /it has no such model or route \(404\)/,
      302: /it redirects elsewhere \(302\)/,
    };
    for (const [code, message] of Object.entries(told)) {
      const {
        model,
        engine,
        upstreams: [upstream],
      } = await connectEngines(fixture);
      misbehave(upstream, ({ response }) => {
        response.setHeader('location', 'http://elsewhere.example/');
        sendJson(response, Number(code), { error: { message: 'detail of theirs' } });
      });
      const answer = await fixture.chat(model);
      const requestId = answer.headers.get('x-request-id') ?? '';
      const failed = await errorOf(answer);
      assert.deepEqual([failed.status, failed.code], [502, 'engine.remote_failed']);
      assert.match(failed.message, message);
      assert.match(failed.message, new RegExp(engine));
      assert.match(failed.remedy, new RegExp(`samovar remotes show ${engine}`));
      assert.doesNotMatch(failed.message, /detail of theirs/);
      const lines = fixture.logged.filter(({ fields }) => fields.includes(requestId));
      assert.equal(lines.length, 1, JSON.stringify(lines));
      assert.match(lines[0]?.fields ?? '', /detail of theirs/);
      assert.match(lines[0]?.fields ?? '', new RegExp(`"engine":"${engine}"`));
    }
  });

  test('is told alike by every surface', async () => {
    const {
      model,
      engine,
      upstreams: [upstream],
    } = await connectEngines(fixture);
    misbehave(upstream, ({ response }) => sendJson(response, 500, { error: { message: 'oops' } }));
    const modelUri = `gpt://0/${model}/latest`;
    const rest = await fixture.call('POST', '/foundationModels/v1/completion', {
      modelUri,
      messages: [{ role: 'user', text: 'Hi' }],
    });
    assert.equal(rest.status, 502, JSON.stringify(rest.body));
    assert.match(rest.body.error.message, new RegExp(`${engine} failed at this request: it answered 500`));
    const caller = createGrpcCaller(fixture.grpcAddress, fixture.key);
    try {
      const { code, details } = await caller.call(
        TextGenerationService.method.completion,
        create(CompletionRequestSchema, {
          modelUri,
          messages: [{ role: 'user', Content: { case: 'text', value: 'Hi' } }],
        }),
      );
      assert.deepEqual([code, details.includes(`${engine} failed`)], [status.UNAVAILABLE, true], details);
    } finally {
      caller.close();
    }
    const responses = await fixture.call('POST', '/v1/responses', { model, input: 'Hi' });
    assert.deepEqual([responses.status, responses.body.samovar.code], [502, 'engine.remote_failed']);
  });

  test('and repeats our key: neither the caller nor the log gets it, whole or in a stream, in any form', async () => {
    const key = 'sk-up/very+secret';
    const said = `Authorization: Bearer ${key} failed`;
    const form = (value: object) => JSON.stringify(value).replaceAll('/', '\\/');
    const forms: ((model: string) => string)[] = [
      () => `data: ${form({ error: { message: said, code: 500 } })}\n\n`,
      () => `data: ${form({ object: 'error', message: said })}\n\n`,
      () => `event: error\ndata: ${form({ error: { message: said } })}\n\n`,
      () => `data:${form({ code: 500, error: said })}\n\n`,
      () =>
        `data: ${form({ error: { message: said }, samovar: { code: 'engine.load_failed', params: { model: said, reason: said } } })}\n\n`,
      (model) => contentEvent(model, 'a').replace('"x"', `"x","error":${form({ message: said })}`),
    ];
    for (const flavour of ['vllm', 'strict'] as const) {
      const {
        model,
        engine,
        upstreams: [upstream],
      } = await connectEngines(fixture, { flavour, more: { key } });
      for (const event of forms)
        for (const before of ['', contentEvent(model, 'a')]) {
          misbehave(upstream, ({ response }) =>
            response.writeHead(200, streamHead).end(`${before}${event(model)}data: [DONE]\n\n`),
          );
          const text = await (await fixture.chat(model, { stream: true })).text();
          assert.match(
            text,
            /engine\.(remote_failed|answer_invalid|load_failed)/,
            `${flavour} ${event(model)}`,
          );
          assert.doesNotMatch(text, /very|\[DONE\]/, `${flavour} ${event(model)}`);
          // Ten failures in a row would have the engine left alone.
          if (upstream) upstream.script = null;
          assert.equal((await fixture.chat(model)).status, 200);
        }
      for (const refusal of [400, 403, 500]) {
        misbehave(upstream, ({ response }) =>
          response.writeHead(refusal).end(form({ error: { message: said, param: said } })),
        );
        assert.doesNotMatch(await (await fixture.chat(model)).text(), /very/, `${flavour} ${refusal}`);
      }
      misbehave(upstream, ({ response }) => sendJson(response, 200, { model: said, choices: [] }));
      assert.doesNotMatch(await (await fixture.chat(model)).text(), /very/);
      misbehave(upstream, ({ response }) => response.writeHead(200, { 'content-encoding': key }).end('x'));
      assert.doesNotMatch(await (await fixture.chat(model)).text(), /very/);
      if (upstream)
        upstream.script = ({ response }) => {
          response.writeHead(200, { 'content-encoding': key }).end('x');
          return true;
        };
      const { body } = await fixture.call('POST', `/api/engines/${engine}/probe`);
      assert.match(body.reason, /compressed \(\[hidden\]\)/);
    }
    assert.deepEqual(
      fixture.logged.filter(({ fields }) => fields.includes('very')),
      [],
    );
  });

  test('by stalling: the request ends at the limit of its phase, and a stream says why', async () => {
    const {
      model,
      engine,
      upstreams: [upstream],
    } = await connectEngines(fixture, {
      more: { timeouts: { firstByteSeconds: 0.3, idleSeconds: 0.3 } },
    });
    misbehave(upstream, () => undefined);
    const late = await errorOf(await fixture.chat(model));
    assert.deepEqual([late.status, late.code], [504, 'engine.timeout']);
    assert.match(late.message, new RegExp(engine));
    misbehave(upstream, ({ response }) =>
      response.writeHead(200, streamHead).write(contentEvent(model, 'a')),
    );
    const text = await (await fixture.chat(model, { stream: true })).text();
    assert.match(text, /"content":"a"/);
    assert.match(text, /data: \{"error":.*engine\.timeout/);
  });

  test('by breaking a stream: the caller hears of it, what came is metered as an estimate', async () => {
    for (const flavour of ['vllm', 'strict'] as const) {
      const {
        model,
        upstreams: [upstream],
      } = await connectEngines(fixture, { flavour });
      misbehave(upstream, ({ response }) => {
        response.writeHead(200, streamHead);
        response.write(contentEvent(model, 'a') + contentEvent(model, 'b'));
        setTimeout(() => response.destroy(), 20);
      });
      const text = await (await fixture.chat(model, { stream: true })).text();
      assert.match(text, /data: \{"error":.*engine\.connection_broken/, flavour);
      misbehave(upstream, ({ response }) =>
        response.writeHead(200, streamHead).end(contentEvent(model, 'a')),
      );
      const cut = await (await fixture.chat(model, { stream: true })).text();
      assert.match(cut, /engine\.connection_broken/, flavour);
    }
  });

  test('by an error event in a stream, in whichever form: it never ends as if all were well', async () => {
    const {
      model,
      upstreams: [upstream],
    } = await connectEngines(fixture);
    for (const said of [
      { error: { message: 'secret detail', code: 500 } },
      { object: 'error', message: 'secret detail', type: 'InternalServerError', code: 500 },
    ]) {
      misbehave(upstream, ({ response }) =>
        response
          .writeHead(200, streamHead)
          .end(`${contentEvent(model, 'a')}data: ${JSON.stringify(said)}\n\ndata: [DONE]\n\n`),
      );
      const text = await (await fixture.chat(model, { stream: true })).text();
      assert.match(text, /data: \{"error":.*engine\.remote_failed/);
      assert.doesNotMatch(text, /secret|\[DONE\]/);
    }
  });

  test('by garbage inside of a stream: the caller gets what came before it, and the error', async () => {
    for (const flavour of ['vllm', 'strict'] as const)
      for (const garbage of ['{not json', 'null', '["a"]']) {
        const {
          model,
          upstreams: [upstream],
        } = await connectEngines(fixture, { flavour });
        misbehave(upstream, ({ response }) =>
          response
            .writeHead(200, streamHead)
            .end(
              `${contentEvent(model, 'a')}: a comment\n\ndata: ${garbage}\n\n${contentEvent(model, 'b')}data: [DONE]\n\n`,
            ),
        );
        const text = await (await fixture.chat(model, { stream: true })).text();
        assert.match(text, /"content":"a"[\s\S]*data: \{"error":.*engine\.answer_invalid/, flavour);
        assert.doesNotMatch(text, /not json|"content":"b"|\[DONE\]/);
      }
  });

  test('with garbage: nothing of it reaches the caller', async () => {
    const {
      model,
      upstreams: [upstream],
    } = await connectEngines(fixture, { flavour: 'strict' });
    const wrong: ((request: UpstreamRequest) => void)[] = [
      ({ response }) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>garbage</html>'),
      ({ response }) => sendJson(response, 200, { garbage: true }),
      ({ response }) => sendJson(response, 200, { choices: [] }),
      ({ response }) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('garbage'),
      ({ response }) => response.socket?.end('garbage\r\n\r\n'),
    ];
    for (const act of wrong) {
      const engine = await connectEngines(fixture, { flavour: 'vllm' });
      misbehave(engine.upstreams[0], act);
      const answer = await fixture.chat(engine.model);
      const body = await answer.text();
      assert.equal(answer.status, 502, body);
      assert.match(body, /engine\.answer_invalid/);
      assert.doesNotMatch(body, /garbage/);
    }
    misbehave(upstream, ({ response }) => {
      response.writeHead(200, streamHead);
      const endless = Buffer.alloc(1024 * 1024, 'x');
      for (let sent = 0; sent < 9; sent += 1) response.write(endless);
    });
    assert.match(await (await fixture.chat(model, { stream: true })).text(), /engine\.answer_invalid/);
  });

  test("with another model's answer: it is refused in both lanes, streamed or whole", async () => {
    for (const flavour of ['vllm', 'strict'] as const)
      for (const stream of [true, false]) {
        const {
          model,
          upstreams: [upstream],
        } = await connectEngines(fixture, { flavour });
        misbehave(upstream, ({ response, body }) => {
          if (body.stream)
            response.writeHead(200, streamHead).end(`${contentEvent('stranger', 'secret')}data: [DONE]\n\n`);
          else
            sendJson(response, 200, {
              id: 'x',
              object: 'chat.completion',
              created: 1,
              model: 'stranger',
              choices: [
                { index: 0, message: { role: 'assistant', content: 'secret' }, finish_reason: 'stop' },
              ],
            });
        });
        const answer = await fixture.chat(model, { stream });
        const text = await answer.text();
        assert.match(text, /engine\.answer_invalid/, `${flavour} ${stream}`);
        assert.doesNotMatch(text, /secret/);
      }
  });

  test("by refusing its key: a fault of ours, never of the caller's key", async () => {
    for (const status of [401, 403]) {
      const {
        model,
        upstreams: [upstream],
      } = await connectEngines(fixture);
      misbehave(upstream, ({ response }) =>
        sendJson(response, status, { error: { message: 'bad key sk-123' } }),
      );
      const refused = await errorOf(await fixture.chat(model));
      assert.deepEqual([refused.status, refused.code], [502, 'engine.credentials_refused']);
      assert.doesNotMatch(refused.message, /sk-123/);
    }
  });

  test('by the request itself: the caller hears what is wrong with it', async () => {
    const {
      model,
      upstreams: [upstream],
    } = await connectEngines(fixture);
    misbehave(upstream, ({ response }) =>
      sendJson(response, 400, {
        error: { message: 'top_p must be positive', param: 'top_p', type: 'BadRequest' },
      }),
    );
    const invalid = await errorOf(await fixture.chat(model));
    assert.deepEqual([invalid.status, invalid.code], [400, 'request.invalid']);
    assert.match(invalid.message, /top_p must be positive/);
    misbehave(upstream, ({ response }) =>
      sendJson(response, 400, {
        error: {
          message:
            "This model's maximum context length is 4096 tokens. However, your request has 5000 input tokens. Please reduce the length of the input messages.",
        },
      }),
    );
    const long = await errorOf(await fixture.chat(model));
    assert.equal(long.code, 'engine.context_exceeded');
    assert.match(long.message, /5000.*4096/);
    misbehave(upstream, ({ response }) =>
      sendJson(response, 400, {
        error: {
          code: 400,
          message: 'too long',
          type: 'exceed_context_size_error',
          n_prompt_tokens: 900,
          n_ctx: 512,
        },
      }),
    );
    assert.match((await errorOf(await fixture.chat(model))).message, /900.*512/);
  });

  test('by giving no counts: the answer is metered as an estimate', async () => {
    const {
      model,
      upstreams: [upstream],
    } = await connectEngines(fixture);
    misbehave(upstream, ({ response }) =>
      response
        .writeHead(200, streamHead)
        .end(`${contentEvent(model, 'a')}${contentEvent(model, 'b')}data: [DONE]\n\n`),
    );
    const answer = await fixture.chat(model, { stream: true });
    await answer.text();
    await sleep(600);
    const { rows } = await fixture.store.pool.query(
      'select output_tokens, estimated from usage_records where request_id = $1',
      [answer.headers.get('x-request-id')],
    );
    assert.deepEqual(rows[0], { output_tokens: '2', estimated: true });
  });
});
