import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startUpstream, type Upstream } from '../../../test/openai-upstream.ts';
import { type RemoteFixture, startRemoteFixture } from '../../../test/remote-fixture.ts';
import { sendJson, type UpstreamRequest } from '../../../test/upstream-answers.ts';

let fixture: RemoteFixture;
const upstreams: Upstream[] = [];
let count = 0;

before(async () => {
  fixture = await startRemoteFixture();
});

after(async () => {
  await fixture.stop();
  for (const upstream of upstreams) await upstream.die();
});

interface Connected {
  readonly model: string;
  readonly engine: string;
  readonly upstreams: readonly Upstream[];
}

/** Engines that serve one model, connected. */
async function connected(
  options: {
    readonly more?: object;
    readonly copies?: number;
    readonly flavour?: 'vllm' | 'strict';
    readonly paceMs?: number;
    readonly text?: string;
  } = {},
): Promise<Connected> {
  count += 1;
  const model = `model-${count}`;
  const started: Upstream[] = [];
  for (let copy = 0; copy < (options.copies ?? 1); copy += 1) {
    const upstream = await startUpstream({
      flavour: options.flavour ?? 'vllm',
      models: [model],
      ...(options.paceMs && { paceMs: options.paceMs }),
      ...(options.text && { text: options.text }),
    });
    started.push(upstream);
    upstreams.push(upstream);
    await fixture.connect(`engine-${count}-${copy}`, upstream, options.more);
  }
  return { model, engine: `engine-${count}-0`, upstreams: started };
}

/** Answers inference in this way from now on; probes are answered as before. */
function misbehave(upstream: Upstream | undefined, act: (request: UpstreamRequest) => void): void {
  if (!upstream) return;
  upstream.script = (request) => {
    if (!request.path.startsWith('/v1/chat')) return false;
    act(request);
    return true;
  };
}

const errorOf = async (answer: Response): Promise<{ status: number; code: string; message: string }> => {
  const body = (await answer.json()) as { error: { message: string }; samovar: { code: string } };
  return { status: answer.status, code: body.samovar.code, message: body.error.message };
};

const head = { 'content-type': 'text/event-stream' };
const event = (model: string, content: string): string =>
  `data: ${JSON.stringify({
    id: 'x',
    object: 'chat.completion.chunk',
    created: 1,
    model,
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  })}\n\n`;

describe('an engine that fails a request', () => {
  test('by stalling: the request ends at the limit of its phase, and a stream says why', async () => {
    const {
      model,
      engine,
      upstreams: [upstream],
    } = await connected({
      more: { timeouts: { firstByteSeconds: 0.3, idleSeconds: 0.3 } },
    });
    misbehave(upstream, () => undefined);
    const late = await errorOf(await fixture.chat(model));
    assert.deepEqual([late.status, late.code], [504, 'engine.timeout']);
    assert.match(late.message, new RegExp(engine));
    misbehave(upstream, ({ response }) => response.writeHead(200, head).write(event(model, 'a')));
    const text = await (await fixture.chat(model, { stream: true })).text();
    assert.match(text, /"content":"a"/);
    assert.match(text, /data: \{"error":.*engine\.timeout/);
  });

  test('by breaking a stream: the caller hears of it, what came is metered as an estimate', async () => {
    for (const flavour of ['vllm', 'strict'] as const) {
      const {
        model,
        upstreams: [upstream],
      } = await connected({ flavour });
      misbehave(upstream, ({ response }) => {
        response.writeHead(200, head);
        response.write(event(model, 'a') + event(model, 'b'));
        setTimeout(() => response.destroy(), 20);
      });
      const text = await (await fixture.chat(model, { stream: true })).text();
      assert.match(text, /data: \{"error":.*engine\.connection_broken/, flavour);
      misbehave(upstream, ({ response }) => response.writeHead(200, head).end(event(model, 'a')));
      const cut = await (await fixture.chat(model, { stream: true })).text();
      assert.match(cut, /engine\.connection_broken/, flavour);
    }
  });

  test('by an error event in a stream, in whichever form: it never ends as if all were well', async () => {
    const {
      model,
      upstreams: [upstream],
    } = await connected();
    for (const said of [
      { error: { message: 'secret detail', code: 500 } },
      { object: 'error', message: 'secret detail', type: 'InternalServerError', code: 500 },
    ]) {
      misbehave(upstream, ({ response }) =>
        response
          .writeHead(200, head)
          .end(`${event(model, 'a')}data: ${JSON.stringify(said)}\n\ndata: [DONE]\n\n`),
      );
      const text = await (await fixture.chat(model, { stream: true })).text();
      assert.match(text, /data: \{"error":.*engine\.failed/);
      assert.doesNotMatch(text, /secret|\[DONE\]/);
    }
  });

  test('by garbage inside of a stream: the caller gets what came before it, and the error', async () => {
    for (const flavour of ['vllm', 'strict'] as const)
      for (const garbage of ['{not json', 'null', '["a"]']) {
        const {
          model,
          upstreams: [upstream],
        } = await connected({ flavour });
        misbehave(upstream, ({ response }) =>
          response
            .writeHead(200, head)
            .end(
              `${event(model, 'a')}: a comment\n\ndata: ${garbage}\n\n${event(model, 'b')}data: [DONE]\n\n`,
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
    } = await connected({ flavour: 'strict' });
    const wrong: ((request: UpstreamRequest) => void)[] = [
      ({ response }) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>garbage</html>'),
      ({ response }) => sendJson(response, 200, { garbage: true }),
      ({ response }) => sendJson(response, 200, { choices: [] }),
      ({ response }) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('garbage'),
      ({ response }) => response.socket?.end('garbage\r\n\r\n'),
    ];
    for (const act of wrong) {
      const engine = await connected({ flavour: 'vllm' });
      misbehave(engine.upstreams[0], act);
      const answer = await fixture.chat(engine.model);
      const body = await answer.text();
      assert.equal(answer.status, 502, body);
      assert.match(body, /engine\.answer_invalid/);
      assert.doesNotMatch(body, /garbage/);
    }
    misbehave(upstream, ({ response }) => {
      response.writeHead(200, head);
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
        } = await connected({ flavour });
        misbehave(upstream, ({ response, body }) => {
          if (body.stream)
            response.writeHead(200, head).end(`${event('stranger', 'secret')}data: [DONE]\n\n`);
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
      } = await connected();
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
    } = await connected();
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
    } = await connected();
    misbehave(upstream, ({ response }) =>
      response.writeHead(200, head).end(`${event(model, 'a')}${event(model, 'b')}data: [DONE]\n\n`),
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

describe('several engines of one model', () => {
  test('stand in for each other when one is busy, broken or gone', async () => {
    const {
      model,
      upstreams: [first, second],
    } = await connected({ copies: 2 });
    for (const act of [
      ({ response }: UpstreamRequest) => sendJson(response, 429, { error: { message: 'busy' } }),
      ({ response }: UpstreamRequest) => sendJson(response, 500, { error: { message: 'oops' } }),
      ({ response }: UpstreamRequest) => sendJson(response, 503, { error: { message: 'starting' } }),
      ({ response }: UpstreamRequest) => sendJson(response, 401, {}),
      ({ response }: UpstreamRequest) => response.destroy(),
    ]) {
      misbehave(first, act);
      for (let round = 0; round < 6; round += 1) {
        const messages = [{ role: 'user', content: `question ${round}` }];
        assert.equal((await fixture.chat(model, { messages })).status, 200);
      }
    }
    assert.ok((second?.chats().length ?? 0) >= 30);
  });

  test('that are all busy make a 429 with the pause that they ask for, and are left alone so long', async () => {
    const { model, upstreams } = await connected({ copies: 2 });
    for (const upstream of upstreams)
      misbehave(upstream, ({ response }) => {
        response.setHeader('retry-after', '7');
        sendJson(response, 429, { error: { message: 'busy' } });
      });
    const answer = await fixture.chat(model);
    assert.equal(answer.headers.get('retry-after'), '7');
    assert.deepEqual((await errorOf(answer)).code, 'engine.busy');
    const asked = upstreams.map((one) => one.chats().length);
    assert.equal((await fixture.chat(model)).status, 429);
    assert.deepEqual(
      upstreams.map((one) => one.chats().length),
      asked,
    );
  });

  test('of which one is killed under load: no caller whose answer had not begun notices', async () => {
    const { model, upstreams } = await connected({ copies: 2, paceMs: 30, text: 'one two three four five' });
    const [victim] = upstreams;
    const answers = Array.from({ length: 40 }, async (_, index) => {
      await sleep(index * 10);
      const messages = [{ role: 'user', content: `question ${index}` }];
      const answer = await fixture.chat(model, { stream: true, messages });
      const text = await answer.text();
      return {
        status: answer.status,
        whole: text.endsWith('data: [DONE]\n\n'),
        begun: text.includes('"content":"one'),
        text,
      };
    });
    const whole = Array.from({ length: 20 }, async (_, index) => {
      await sleep(index * 20);
      const messages = [{ role: 'user', content: `whole ${index}` }];
      return (await fixture.chat(model, { messages })).status;
    });
    await sleep(200);
    await victim?.die();
    for (const answer of await Promise.all(answers)) {
      assert.equal(answer.status, 200);
      if (!answer.whole) assert.match(answer.text, /engine\.connection_broken/);
      if (!answer.whole) assert.ok(answer.begun || answer.text.includes('"role":"assistant"'), answer.text);
    }
    assert.deepEqual(new Set(await Promise.all(whole)), new Set([200]));
  });

  test('are chosen by the beginning of the prompt, as long as there is room', async () => {
    const { model, upstreams } = await connected({ copies: 3 });
    const before = upstreams.map((one) => one.chats().length);
    for (let round = 0; round < 12; round += 1)
      await fixture.chat(model, {
        messages: [
          { role: 'system', content: 'You are the desk of a library.' },
          { role: 'user', content: 'Which books?' },
          { role: 'user', content: `number ${round}` },
        ],
      });
    const served = upstreams.map((one, index) => one.chats().length - (before[index] ?? 0));
    assert.deepEqual(
      [...served].sort((left, right) => right - left),
      [12, 0, 0],
    );
  });
});

describe('the limits of a connection', () => {
  test('hold: so many at a time, so many waiting, the rest is refused with 429', async () => {
    const {
      model,
      upstreams: [upstream],
    } = await connected({
      more: { limits: { parallelRequests: 2, queuedRequests: 3 } },
    });
    let running = 0;
    let most = 0;
    const held: (() => void)[] = [];
    misbehave(upstream, ({ response, body }) => {
      running += 1;
      most = Math.max(most, running);
      held.push(() => {
        running -= 1;
        sendJson(response, 200, {
          id: 'x',
          object: 'chat.completion',
          created: 1,
          model: body.model,
          choices: [{ index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' }],
        });
      });
    });
    const answers = Array.from({ length: 8 }, () => fixture.chat(model));
    const busy = await Promise.all((await settledOf(answers, 3)).map(errorOf));
    assert.deepEqual(
      busy.map(({ code }) => code),
      ['engine.busy', 'engine.busy', 'engine.busy'],
    );
    for (let released = 0; released < 5; released += 1) {
      while (held.length === 0) await sleep(5);
      held.shift()?.();
    }
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    assert.deepEqual(statuses.sort(), [200, 200, 200, 200, 200, 429, 429, 429]);
    assert.equal(most, 2);
  });

  test('are given back by callers who leave, and the engine is told by the end of its connection', async () => {
    const {
      model,
      upstreams: [upstream],
    } = await connected({
      more: { limits: { parallelRequests: 1, queuedRequests: 1 } },
    });
    let closed = 0;
    misbehave(upstream, ({ response }) => {
      response.writeHead(200, head).write(event(model, 'a'));
      response.once('close', () => {
        closed += 1;
      });
    });
    for (let round = 0; round < 3; round += 1) {
      const leave = new AbortController();
      const answer = await fetch(`${fixture.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${fixture.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
        signal: leave.signal,
      });
      await answer.body?.getReader().read();
      leave.abort();
      while (closed <= round) await sleep(5);
    }
  });

  test('spare an engine that fails: after ten failures it is asked by one request at a time, with pauses', async () => {
    const {
      model,
      upstreams: [upstream],
    } = await connected();
    misbehave(upstream, ({ response }) => sendJson(response, 500, { error: { message: 'oops' } }));
    for (let round = 0; round < 10; round += 1)
      assert.equal((await errorOf(await fixture.chat(model))).code, 'engine.failed');
    const asked = upstream?.chats().length;
    const spared = await fixture.chat(model);
    assert.equal(spared.status, 503);
    assert.ok(Number(spared.headers.get('retry-after')) >= 1);
    assert.equal(upstream?.chats().length, asked);
    if (upstream) upstream.script = null;
    await sleep(1100);
    assert.equal((await fixture.chat(model)).status, 200);
    assert.equal((await fixture.chat(model)).status, 200);
  });
});

/** The first `wanted` that settle. */
async function settledOf(answers: readonly Promise<Response>[], wanted: number): Promise<Response[]> {
  const settled: Response[] = [];
  for (const answer of answers) void answer.then((response) => settled.push(response));
  while (settled.length < wanted) await sleep(5);
  return settled.slice(0, wanted).map((response) => response.clone());
}
