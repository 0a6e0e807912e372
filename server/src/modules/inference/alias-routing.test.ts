import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { foreignChatReplica } from '../../../test/foreign-replica.ts';
import {
  chatBody,
  servedModel,
  startTestGateway,
  type TestGateway,
  versionId,
} from '../../../test/gateway.ts';
import { type Answer, stopAfterTests } from '../../../test/scripted-gateway.ts';
import {
  beginEvents,
  chatAnswer,
  chatEvent,
  doneEvent,
  type ScriptedWorker,
  sendJson,
  startScriptedWorker,
  type WorkerRequest,
} from '../../../test/scripted-worker.ts';
import { plainAlias, type ServedAlias } from '../registry/index.ts';

const stopLater = stopAfterTests();

const stable = servedModel('m', versionId, 'chat');
const other = servedModel('other', '00000000-0000-7000-8000-0000000000b2', 'chat');
const good: Answer = ({ response, body }) => sendJson(response, 200, chatAnswer(String(body.model)));

/** A gateway with the alias `a`, a worker for its stable model and one for the other. */
async function gatewayWith(
  alias: Partial<ServedAlias>,
  answers: { readonly stable?: Answer | null; readonly other?: Answer | null } = {},
): Promise<{ gateway: TestGateway; workers: { stable: ScriptedWorker; other: ScriptedWorker } }> {
  const workers = {
    stable: await startScriptedWorker(answers.stable ?? good),
    other: await startScriptedWorker(answers.other ?? good),
  };
  const gateway = await startTestGateway({
    replicas: [
      ...(answers.stable === null ? [] : [workers.stable.replica(stable.versionId)]),
      ...(answers.other === null ? [] : [workers.other.replica(other.versionId)]),
    ],
    loadTimeoutSeconds: 1,
  });
  gateway.setModels((models) => ({
    ...models,
    models: new Map([...models.models, [`${stable.projectId}/other`, other]]),
    versions: new Map([...models.versions, [other.versionId, other]]),
    aliases: new Map([[`${stable.projectId}/a`, { ...plainAlias('a', stable), ...alias }]]),
  }));
  stopLater(
    () => gateway.stop(),
    () => workers.stable.die(),
    () => workers.other.die(),
  );
  return { gateway, workers };
}

function ask(gateway: TestGateway, content: string, more: Record<string, unknown> = {}) {
  const messages = [
    { role: 'system', content: 'x'.repeat(2000) },
    { role: 'user', content },
  ];
  return gateway.post('/v1/chat/completions', chatBody({ model: 'a', messages, ...more }));
}

function split(stableWeight: number, otherWeight: number): Partial<ServedAlias> {
  return {
    targets: [
      { model: stable, weight: stableWeight },
      { model: other, weight: otherWeight },
    ],
    totalWeight: stableWeight + otherWeight,
  };
}

describe('weights', () => {
  test('are kept over many conversations, whatever they begin with in common', async () => {
    const { gateway, workers } = await gatewayWith(split(80, 20));
    for (let turn = 0; turn < 25; turn += 1)
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const answer = await ask(gateway, `question ${turn * 20 + index}`);
          assert.equal(answer.status, 200);
          await answer.arrayBuffer();
        }),
      );
    // Of 500 requests 100 are expected, with a standard deviation of 9.
    const share = workers.other.requests.length;
    assert.ok(share > 60 && share < 140, `${share} of 500`);
    assert.equal(workers.stable.requests.length + share, 500);
  });

  test('a conversation stays on its side, also when the share of the other side grows', async () => {
    const { gateway } = await gatewayWith(split(50, 50));
    const sideOf = async (messages: object[]): Promise<string | null> => {
      const answer = await gateway.post('/v1/chat/completions', chatBody({ model: 'a', messages }));
      await answer.arrayBuffer();
      return answer.headers.get('x-samovar-model');
    };
    for (let index = 0; index < 20; index += 1) {
      const first = [{ role: 'user', content: `hello ${index}` }];
      const side = await sideOf(first);
      const answered = [...first, { role: 'assistant', content: 'a' }, { role: 'user', content: 'more' }];
      assert.equal(await sideOf(answered), side);
      gateway.setModels((models) => ({
        ...models,
        aliases: new Map([[`${stable.projectId}/a`, { ...plainAlias('a', stable), ...split(20, 80) }]]),
      }));
      if (side === 'other') assert.equal(await sideOf(answered), 'other');
      gateway.setModels((models) => ({
        ...models,
        aliases: new Map([[`${stable.projectId}/a`, { ...plainAlias('a', stable), ...split(50, 50) }]]),
      }));
    }
  });
});

describe('a fallback', () => {
  const whenever = (...on: ('unavailable' | 'overloaded' | 'failed' | 'context-too-long')[]) => ({
    fallbacks: [{ model: other, on: new Set(on) }],
  });

  test('answers at once for a target without a worker, and is named in the answer', async () => {
    const { gateway } = await gatewayWith(whenever('unavailable'), { stable: null });
    const answer = await ask(gateway, 'Hi');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('x-samovar-model'), 'other');
    const body = (await answer.json()) as { samovar: object };
    const version = answer.headers.get('x-samovar-version');
    assert.deepEqual(body.samovar, { timeToFirstTokenMs: 3, alias: 'a', model: 'other', version });
    const [record] = await gateway.metered(1);
    assert.deepEqual(
      [
        record?.requestedModel,
        record?.modelName,
        record?.chosenVersionId,
        record?.chosenError,
        record?.status,
      ],
      ['a', 'other', stable.versionId, 'engine.unreachable', 200],
    );
  });

  test('of another kind of model is passed over', async () => {
    const embedding = { ...other, task: 'embedding' as const };
    const fallbacks = [{ model: embedding, on: new Set(['failed', 'unavailable'] as const) }];
    const { gateway, workers } = await gatewayWith(
      { fallbacks },
      { stable: ({ response }) => sendJson(response, 500, '{}') },
    );
    assert.ok((await ask(gateway, 'Hi')).status >= 500);
    assert.equal(workers.other.requests.length, 0);
  });

  const withForeign = async () => {
    const foreign = { ...other, manifest: { ...other.manifest, engine: 'remote' } } as const;
    const { gateway, workers } = await gatewayWith(
      { fallbacks: [{ model: foreign, on: new Set(['unavailable', 'failed'] as const) }] },
      { stable: ({ response }) => sendJson(response, 503, '{}'), other: null },
    );
    gateway.setReplicas([workers.stable.replica(stable.versionId), foreignChatReplica(other.versionId)]);
    return gateway;
  };

  test('that has no such route is passed over', async () => {
    const cases = [
      ['/v1/completions', { model: 'a', prompt: 'Hi' }],
      ['/foundationModels/v1/tokenize', { modelUri: 'gpt://0/a', text: 'Hi' }],
    ] as const;
    for (const [path, body] of cases) {
      const gateway = await withForeign();
      const answer = await gateway.post(path, body);
      const text = await answer.text();
      assert.equal(answer.status, 503, text);
      assert.match(text, /still being loaded/, path);
    }
  });

  test('that refuses what is asked while it stands in for a worker that is lost ends that request alone', async () => {
    const gateway = await withForeign();
    const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
    const answer = await ask(gateway, 'Hi', { tools });
    assert.match(await answer.text(), /engine.unsupported_parameter/);
    assert.equal((await gateway.metered(1)).length, 1);
  });

  test('answers for a worker that died, that is busy, that fails, and for a prompt that is too long', async () => {
    const refusing =
      (status: number, code: string): Answer =>
      ({ response }) =>
        sendJson(
          response,
          status,
          JSON.stringify({ error: { message: 'x' }, samovar: { code, params: {} } }),
        );
    const cases = [
      ['unavailable', ({ response }: WorkerRequest) => void response.destroy()],
      ['overloaded', refusing(429, 'engine.busy')],
      ['failed', refusing(500, 'engine.failed')],
      ['context-too-long', refusing(400, 'engine.context_exceeded')],
    ] as const;
    for (const [kind, answer] of cases) {
      const { gateway } = await gatewayWith(whenever(kind), { stable: answer });
      const answered = await ask(gateway, kind);
      assert.equal(answered.status, 200, kind);
      assert.equal(answered.headers.get('x-samovar-model'), 'other', kind);
      await answered.arrayBuffer();
    }
  });

  test('serves only the errors that it is for', async () => {
    const busy: Answer = ({ response }) =>
      sendJson(response, 429, JSON.stringify({ error: {}, samovar: { code: 'engine.busy', params: {} } }));
    const { gateway, workers } = await gatewayWith(whenever('failed'), { stable: busy });
    assert.equal((await ask(gateway, 'Hi')).status, 429);
    assert.equal(workers.other.requests.length, 0);
    const [record] = await gateway.metered(1);
    assert.deepEqual([record?.chosenVersionId, record?.versionId], [null, stable.versionId]);
  });

  test('is never taken once something of the answer has been sent', async () => {
    const breaking: Answer = ({ response }) => {
      beginEvents(response);
      response.write(chatEvent('half'));
      setTimeout(() => response.destroy(), 50);
    };
    const { gateway, workers } = await gatewayWith(whenever('failed', 'unavailable'), { stable: breaking });
    const answer = await ask(gateway, 'Hi', { stream: true });
    const text = await answer.text();
    assert.match(text, /half/);
    assert.match(text, /engine.worker_lost/);
    assert.equal(workers.other.requests.length, 0);
    assert.equal(answer.headers.get('x-samovar-model'), 'm');
  });

  test('when every model fails, the last error is told, and each was tried once', async () => {
    const failing: Answer = ({ response }) =>
      sendJson(response, 500, JSON.stringify({ error: {}, samovar: { code: 'engine.failed', params: {} } }));
    const { gateway, workers } = await gatewayWith(whenever('failed'), { stable: failing, other: failing });
    assert.equal((await ask(gateway, 'Hi')).status, 500);
    assert.deepEqual([workers.stable.requests.length, workers.other.requests.length], [1, 1]);
    const [record] = await gateway.metered(1);
    assert.deepEqual([record?.chosenVersionId, record?.versionId], [stable.versionId, other.versionId]);
  });
});

test('answers that run when an alias moves end where they began, and new ones go to the new model', async () => {
  let release: () => void = () => {};
  const slow: Answer = async ({ response }) => {
    beginEvents(response);
    response.write(chatEvent('old '));
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    response.write(chatEvent('still old'));
    response.end(doneEvent);
  };
  const { gateway } = await gatewayWith({}, { stable: slow });
  const running = await ask(gateway, 'Hi', { stream: true });
  gateway.setModels((models) => ({
    ...models,
    aliases: new Map([[`${stable.projectId}/a`, plainAlias('a', other)]]),
  }));
  const next = await ask(gateway, 'Hi');
  assert.equal(next.headers.get('x-samovar-model'), 'other');
  await next.arrayBuffer();
  await sleep(20);
  release();
  assert.match(await running.text(), /old .*still old.*DONE/s);
  assert.equal(running.headers.get('x-samovar-model'), 'm');
});

test('names on their way out say so, and archived ones name their successor', async () => {
  const { gateway } = await gatewayWith({
    deprecation: {
      deprecatedAt: new Date('2026-01-01T00:00:00Z'),
      sunsetAt: new Date('2027-01-01T00:00:00Z'),
      successor: 'b',
    },
  });
  const { headers } = await ask(gateway, 'Hi');
  assert.deepEqual(
    [headers.get('deprecation'), headers.get('sunset'), headers.get('link')],
    ['@1767225600', 'Fri, 01 Jan 2027 00:00:00 GMT', '</v1/models/b>; rel="successor-version"'],
  );
  const byName = await gateway.post('/v1/chat/completions', chatBody());
  assert.equal(byName.headers.get('deprecation'), null);
  assert.deepEqual(((await byName.json()) as { samovar: object }).samovar, { timeToFirstTokenMs: 3 });
  gateway.setModels((models) => ({
    ...models,
    deprecated: new Map([
      [stable.modelId, { deprecatedAt: new Date(1e12), sunsetAt: null, successor: null }],
    ]),
  }));
  const deprecated = await gateway.post('/v1/chat/completions', chatBody());
  assert.deepEqual(
    [deprecated.headers.get('deprecation'), deprecated.headers.get('link')],
    ['@1000000000', null],
  );
  gateway.setModels((models) => ({
    ...models,
    archived: new Map([[`${stable.projectId}/old`, { successor: 'm' }]]),
  }));
  const archived = await gateway.post('/v1/chat/completions', chatBody({ model: 'old' }));
  assert.equal(archived.status, 404);
  const { error, samovar } = (await archived.json()) as {
    error: { message: string; code: string };
    samovar: { code: string };
  };
  assert.deepEqual([error.code, samovar.code], ['model_not_found', 'model.archived']);
  assert.match(error.message, /successor is `m`/);
});

test('an alias of the organization answers where the project has nothing of that name', async () => {
  const { gateway } = await gatewayWith({});
  const shared = `${stable.organizationId}/s`;
  gateway.setModels((models) => ({
    ...models,
    aliases: new Map([...models.aliases, [shared, { ...plainAlias('s', other), scope: 'organization' }]]),
  }));
  const modelOf = async () => {
    const answer = await gateway.post('/v1/chat/completions', chatBody({ model: 's' }));
    await answer.arrayBuffer();
    return answer.headers.get('x-samovar-model') ?? String(answer.status);
  };
  assert.equal(await modelOf(), 'other');
  const listed = await fetch(`${gateway.url}/v1/models?limit=2&after=m`, {
    headers: { authorization: `Bearer ${gateway.key}` },
  });
  const { data, has_more: more } = (await listed.json()) as { data: { id: string }[]; has_more: boolean };
  assert.deepEqual([data.map(({ id }) => id), more], [['other', 'a'], true]);
  gateway.setModels((models) => ({
    ...models,
    aliases: new Map([...models.aliases, [`${stable.projectId}/s`, plainAlias('s', stable)]]),
  }));
  assert.equal(await modelOf(), 'm');
  gateway.setModels((models) => ({
    ...models,
    aliases: new Map([[shared, { ...plainAlias('s', other), scope: 'organization' }]]),
    pending: new Map([[`${stable.projectId}/s`, { state: 'importing' }]]),
  }));
  assert.equal(await modelOf(), '503');
});
