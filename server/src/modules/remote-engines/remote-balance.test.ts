import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  connectEngines,
  contentEvent,
  errorOf,
  misbehave,
  streamHead,
} from '../../../test/connected-engines.ts';
import { type RemoteFixture, startRemoteFixture } from '../../../test/remote-fixture.ts';
import { sendJson, type UpstreamRequest } from '../../../test/upstream-request.ts';

let fixture: RemoteFixture;

before(async () => {
  fixture = await startRemoteFixture();
});

after(() => fixture.stop());

describe('several engines of one model', () => {
  test('stand in for each other when one is busy, broken or gone', async () => {
    const {
      model,
      upstreams: [first, second],
    } = await connectEngines(fixture, { copies: 2 });
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

  test('that all say 503, or are gone, make a 503 that names each and says how', async () => {
    const { model, engine, upstreams } = await connectEngines(fixture);
    misbehave(upstreams[0], ({ response }) => {
      response.setHeader('retry-after', '9');
      sendJson(response, 503, { error: { message: 'starting' } });
    });
    const starting = await fixture.chat(model);
    assert.equal(starting.headers.get('retry-after'), '9');
    const said = await errorOf(starting);
    assert.deepEqual([said.status, said.code], [503, 'engine.remote_unavailable']);
    assert.match(said.message, new RegExp(`${engine} answered 503`));
    assert.match(said.remedy, /samovar remotes/);
    misbehave(upstreams[0], ({ response }) => {
      response.setHeader('retry-after', '1e30');
      sendJson(response, 503, { error: { message: 'never' } });
    });
    assert.equal((await fixture.chat(model)).headers.get('retry-after'), '3600');
    const gone = await connectEngines(fixture, { copies: 2 });
    for (const upstream of gone.upstreams) await upstream.die();
    const away = await errorOf(await fixture.chat(gone.model));
    assert.deepEqual([away.status, away.code], [503, 'engine.remote_unavailable']);
    assert.match(away.message, /engine-\d+-0 cannot be reached; engine-\d+-1 cannot be reached/);
  });

  test('that are all busy make a 429 with the pause that they ask for, and are left alone so long', async () => {
    const { model, upstreams } = await connectEngines(fixture, { copies: 2 });
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
    const { model, upstreams } = await connectEngines(fixture, {
      copies: 2,
      paceMs: 30,
      text: 'one two three four five',
    });
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
    const { model, upstreams } = await connectEngines(fixture, { copies: 3 });
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
    } = await connectEngines(fixture, {
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
    } = await connectEngines(fixture, {
      more: { limits: { parallelRequests: 1, queuedRequests: 1 } },
    });
    let closed = 0;
    misbehave(upstream, ({ response }) => {
      response.writeHead(200, streamHead).write(contentEvent(model, 'a'));
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
      engine,
      upstreams: [upstream],
    } = await connectEngines(fixture);
    misbehave(upstream, ({ response }) => sendJson(response, 500, { error: { message: 'oops' } }));
    for (let round = 0; round < 10; round += 1)
      assert.equal((await errorOf(await fixture.chat(model))).code, 'engine.remote_failed');
    const asked = upstream?.chats().length;
    const spared = await fixture.chat(model);
    assert.equal(spared.status, 503);
    assert.ok(Number(spared.headers.get('retry-after')) >= 1);
    const { code, message } = await errorOf(spared);
    assert.equal(code, 'engine.remote_unavailable');
    assert.match(message, new RegExp(`${engine} failed several times and is left alone`));
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
