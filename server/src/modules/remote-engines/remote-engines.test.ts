import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RemoteFixture, startRemoteFixture } from '../../../test/remote-fixture.ts';

let fixture: RemoteFixture;

before(async () => {
  fixture = await startRemoteFixture();
});

after(() => fixture.stop());

const textOf = async (answer: Response): Promise<string> => {
  const body = (await answer.json()) as { choices: { message: { content: string } }[] };
  return body.choices[0]?.message.content ?? '';
};

describe('a connected engine', () => {
  test('is found out, and its models are called like any other', async () => {
    const vllm = await fixture.upstream({ flavour: 'vllm', models: ['Qwen/Qwen3-8B'], key: 'up-secret' });
    const engine = await fixture.connect('gpu-1', vllm, { key: 'up-secret' });
    assert.deepEqual(
      [engine.state, engine.reason, engine.flavour, engine.version],
      ['healthy', null, 'vllm', '0.33.0'],
    );
    const [model] = engine.models;
    assert.deepEqual(
      [model.upstream, model.name, model.task, model.contextTokens, model.lane],
      ['Qwen/Qwen3-8B', 'qwen3-8b', 'chat', 32_768, 'normalise'],
    );
    const able = ['chat', 'completions', 'tools', 'json-schema', 'logprobs', 'tokenize'];
    assert.deepEqual(model.capabilities, able);
    const answer = await fixture.chat('qwen3-8b');
    assert.equal(answer.status, 200);
    const body = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual([body.model, 'prompt_logprobs' in body], ['qwen3-8b', false]);
    const sent = vllm.chats().at(-1);
    assert.equal(sent?.body.model, 'Qwen/Qwen3-8B');
    assert.equal(sent?.headers.authorization, 'Bearer up-secret');
    assert.ok(!JSON.stringify(sent?.headers).includes(fixture.key), "the caller's key must stay here");
    const listed = await fixture.call('GET', '/v1/models');
    const entry = listed.body.data.find((one: { id: string }) => one.id === 'qwen3-8b');
    assert.deepEqual([entry.samovar.engine, entry.samovar.context_tokens], ['remote', 32_768]);
  });

  test('streams, and gives the counts to those alone who ask', async () => {
    const plain = await (await fixture.chat('qwen3-8b', { stream: true })).text();
    assert.ok(plain.endsWith('data: [DONE]\n\n'));
    assert.ok(!plain.includes('"usage":{'));
    assert.ok(!plain.includes('stop_reason'));
    const counted = await fixture.chat('qwen3-8b', { stream: true, stream_options: { include_usage: true } });
    assert.match(await counted.text(), /"usage":\{"prompt_tokens":7,"completion_tokens":3/);
  });

  test('passes untouched only where its answers are strictly the published shapes, under the very name', async () => {
    const strict = await fixture.upstream({ flavour: 'strict', models: ['plain-model'] });
    const engine = await fixture.connect('strict', strict);
    assert.deepEqual([engine.models[0].lane, engine.models[0].laneReason], ['pass-through', null]);
    assert.equal(await textOf(await fixture.chat('plain-model')), 'I am plain-model');
    const renamed = await fixture.connect('renamed', strict, {
      models: [{ upstream: 'plain-model', name: 'other-name' }],
    });
    assert.equal(renamed.models[0].lane, 'normalise');
    assert.match(renamed.models[0].laneReason, /call the model plain-model/);
    const answer = (await (await fixture.chat('other-name')).json()) as { model: string };
    assert.equal(answer.model, 'other-name');
  });

  test('keeps its secrets: sealed in the database, never in an answer', async () => {
    const openai = await fixture.upstream({ flavour: 'openai', models: ['m1'], key: 'top-secret-key' });
    const headers = { 'x-tenant': 'tenant-secret' };
    const engine = await fixture.connect('sealed', openai, { key: 'top-secret-key', headers });
    assert.deepEqual([engine.hasKey, engine.headerNames, engine.state], [true, ['x-tenant'], 'healthy']);
    assert.equal(openai.requests.at(-1)?.headers['x-tenant'], 'tenant-secret');
    for (const path of ['/api/engines', '/api/engines/sealed'])
      assert.doesNotMatch(JSON.stringify((await fixture.call('GET', path)).body), /top-secret|tenant-secret/);
    const { rows } = await fixture.store.pool.query(
      "select (to_jsonb(e)::text || coalesce(encode(sealed_secrets, 'escape'), '')) as text from remote_engines e",
    );
    for (const { text } of rows) assert.doesNotMatch(text, /top-secret|tenant-secret/);
    const audit = await fixture.store.pool.query('select detail::text as text from audit_records');
    for (const { text } of audit.rows) assert.doesNotMatch(text, /top-secret|tenant-secret/);
  });

  test('gets the key that was given for another server only when it is sent again', async () => {
    const first = await fixture.upstream({ flavour: 'openai', models: ['trusted'], key: 'for-the-first' });
    const other = await fixture.upstream({ flavour: 'openai', models: ['trusted'] });
    const headers = { 'x-tenant': 'for-the-first-too' };
    await fixture.connect('trusted', first, { key: 'for-the-first', headers });
    const move = (more: object) =>
      fixture.call('PATCH', '/api/engines/trusted', { baseUrl: other.url, ...more });
    for (const more of [{}, { key: 'another' }, { headers: {} }]) {
      const { status, body } = await move(more);
      assert.deepEqual([status, body.error.code], [400, 'request.invalid'], JSON.stringify(more));
    }
    assert.equal((await fixture.call('PATCH', '/api/engines/trusted', { baseUrl: first.url })).status, 200);
    assert.equal((await move({ key: null, headers: {} })).status, 200);
    const { body } = await fixture.call('POST', '/api/engines/trusted/probe');
    assert.deepEqual([body.state, body.hasKey], ['healthy', false]);
    for (const request of other.requests)
      assert.doesNotMatch(JSON.stringify(request.headers), /for-the-first/);
  });

  test('that refuses its key is away with a reason, and well again with another key', async () => {
    const guarded = await fixture.upstream({ flavour: 'openai', models: ['locked'], key: 'right' });
    const engine = await fixture.connect('locked', guarded, { key: 'wrong' });
    assert.equal(engine.state, 'away');
    assert.match(engine.reason, /refuses the key/);
    await fixture.call('PATCH', '/api/engines/locked', { key: 'right' });
    const { body } = await fixture.call('POST', '/api/engines/locked/probe');
    assert.deepEqual([body.state, body.models[0].name], ['healthy', 'locked']);
    const removed = await fixture.call('PATCH', '/api/engines/locked', { key: null });
    assert.equal(removed.body.hasKey, false);
  });

  test('at an internal address that nobody allowed is refused by name of the setting', async () => {
    const refused = await fixture.call('POST', '/api/engines', {
      name: 'inside',
      baseUrl: 'http://169.254.169.254/latest',
    });
    assert.deepEqual([refused.status, refused.body.error.code], [400, 'request.address_refused']);
    assert.match(refused.body.error.remedy, /SAMOVAR_OUTBOUND_ALLOW/);
    for (const baseUrl of ['ftp://x', 'http://user:pass@127.0.0.1', 'http://127.0.0.1/?a=b', 'nonsense'])
      assert.equal(
        (await fixture.call('POST', '/api/engines', { name: 'bad', baseUrl })).status,
        400,
        baseUrl,
      );
    const smuggled = await fixture.call('POST', '/api/engines', {
      name: 'bad',
      baseUrl: 'http://127.0.0.1:1',
      headers: { 'x-a': 'b\r\nhost: evil' },
    });
    assert.equal(smuggled.body.error.code, 'request.invalid');
  });

  test('of each kind is known by what it tells', async () => {
    const sglang = await fixture.connect(
      'sg',
      await fixture.upstream({ flavour: 'sglang', models: ['org/Sg-Model'] }),
    );
    assert.deepEqual(
      [sglang.flavour, sglang.version, sglang.models[0].name, sglang.models[0].contextTokens],
      ['sglang', '0.5.23', 'sg-model', 16_384],
    );
    const llama = await fixture.connect(
      'llama',
      await fixture.upstream({ flavour: 'llama-server', models: ['/models/Tiny.Q4_K_M.gguf'] }),
    );
    assert.deepEqual(
      [llama.flavour, llama.version, llama.models[0].name, llama.models[0].contextTokens],
      ['llama-server', 'b9999-abcdef', 'tiny.q4_k_m', 4096],
    );
    const tei = await fixture.connect(
      'tei',
      await fixture.upstream({ flavour: 'tei', models: ['BAAI/bge-small'], embedding: true }),
      { kind: 'tei' },
    );
    assert.deepEqual(
      [tei.flavour, tei.models[0].task, tei.models[0].dimensions, tei.models[0].contextTokens],
      ['tei', 'embedding', 3, 512],
    );
    const { body } = await fixture.call('POST', '/v1/embeddings', { model: 'bge-small', input: ['a', 'b'] });
    assert.deepEqual([body.model, body.data.length, body.data[1].embedding.length], ['bge-small', 2, 3]);
  });

  test('is asked for nothing that it cannot do: the parameter is refused by name', async () => {
    const poor = await fixture.upstream({
      flavour: 'openai',
      models: ['poor'],
      lacks: ['tools', 'json-schema', 'logprobs', 'completions'],
    });
    const engine = await fixture.connect('poor', poor);
    assert.deepEqual(engine.models[0].capabilities, ['chat']);
    const before = poor.chats().length;
    const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } };
    for (const [parameter, value] of [
      ['tools', [tool]],
      ['response_format', { type: 'json_object' }],
      ['logprobs', true],
      ['top_k', 5],
    ] as const) {
      const { status, body } = await fixture.call('POST', '/v1/chat/completions', {
        model: 'poor',
        messages: [{ role: 'user', content: 'Hi' }],
        [parameter]: value,
      });
      assert.deepEqual(
        [status, body.error.code, body.error.param],
        [400, 'unsupported_parameter', parameter],
      );
    }
    const plain = await fixture.call('POST', '/v1/completions', { model: 'poor', prompt: 'a' });
    assert.equal(plain.body.error.code, 'engine.unsupported_operation');
    assert.equal(poor.chats().length, before);
  });
});

describe('names', () => {
  test('of the same engine name are replicas of one model; a stranger is not taken for one', async () => {
    const first = await fixture.upstream({ flavour: 'vllm', models: ['org-a/Twin'] });
    const second = await fixture.upstream({ flavour: 'vllm', models: ['org-a/Twin'] });
    const stranger = await fixture.upstream({ flavour: 'vllm', models: ['org-b/Twin'] });
    await fixture.connect('twin-1', first);
    await fixture.connect('twin-2', second);
    for (let round = 0; round < 20; round += 1)
      await fixture.chat('twin', { messages: [{ role: 'user', content: `question ${round}` }] });
    const served = [first, second].map(
      (one) => one.requests.filter(({ body }) => JSON.stringify(body).includes('question')).length,
    );
    assert.ok(
      served.every((count) => count > 0),
      String(served),
    );
    assert.equal(
      served.reduce((sum, count) => sum + count, 0),
      20,
    );
    const other = await fixture.connect('twin-3', stranger);
    assert.deepEqual([other.state, other.models[0].serving], ['degraded', false]);
    assert.match(other.models[0].problem, /map it/);
    const { rows } = await fixture.store.pool.query(
      "select count(*)::int as count from model_versions v join models m on m.id = v.model_id where m.name = 'twin'",
    );
    assert.equal(rows[0].count, 1);
  });

  test('of a removed engine are refused as unreachable, and come back with it', async () => {
    const again = await fixture.upstream({ flavour: 'openai', models: ['come-back'] });
    await fixture.connect('again', again);
    assert.equal((await fixture.chat('come-back')).status, 200);
    const removed = await fixture.call('DELETE', '/api/engines/again');
    assert.deepEqual([removed.status, removed.body.unservedModels], [200, ['come-back']]);
    await new Promise((resolve) => setTimeout(resolve, 700));
    const gone = await fixture.chat('come-back');
    assert.equal(gone.status, 503);
    assert.ok(gone.headers.get('retry-after'));
    await fixture.connect('again', again);
    assert.equal((await fixture.chat('come-back')).status, 200);
  });
});

test('an engine that dies is noticed by the probes, and back when it is back', async () => {
  const mortal = await fixture.upstream({ flavour: 'openai', models: ['mortal'] });
  await fixture.connect('mortal', mortal);
  await mortal.die();
  await fixture.call('POST', '/api/engines/mortal/probe');
  const away = await fixture.until('mortal', 'away');
  assert.match(away.reason, /cannot be reached/);
  const reborn = await fixture.upstream({ flavour: 'openai', models: ['mortal'], port: mortal.port });
  await fixture.until('mortal', 'healthy');
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.equal((await fixture.chat('mortal')).status, 200);
  assert.ok(reborn.chats().length > 0);
  const { body } = await fixture.call('GET', '/api/engines/mortal');
  assert.match(JSON.stringify(body.events), /healthy → degraded.*|degraded → away/);
});

test('adapters are loaded by the own routes of a vLLM, called like models, and loaded again after its restart', async () => {
  const base = await fixture.upstream({ flavour: 'vllm', models: ['org/Base'] });
  await fixture.connect('lora', base, { models: [{ upstream: 'org/Base', name: 'lora-base' }] });
  const asked = await fixture.call('PUT', '/api/engines/lora/adapters/support-tone', {
    path: '/adapters/tone',
  });
  assert.equal(asked.status, 202);
  const { body } = await fixture.call('POST', '/api/engines/lora/probe');
  assert.deepEqual(body.adapters, [
    { name: 'support-tone', path: '/adapters/tone', state: 'loaded', error: null },
  ]);
  assert.equal(base.adapters.get('support-tone'), '/adapters/tone');
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.equal(await textOf(await fixture.chat('support-tone')), 'I am support-tone');
  const model = body.models.find((one: { name: string }) => one.name === 'support-tone');
  assert.deepEqual([model.adapterOf, model.serving], ['org/Base', true]);

  base.adapters.clear();
  const again = await fixture.call('POST', '/api/engines/lora/probe');
  assert.equal(base.adapters.get('support-tone'), '/adapters/tone');
  assert.equal(again.body.state, 'healthy');

  await fixture.call('PUT', '/api/engines/lora/adapters/lost', { path: '/missing/x' });
  const failed = await fixture.call('POST', '/api/engines/lora/probe');
  assert.equal(failed.body.state, 'degraded');
  assert.match(failed.body.reason, /adapter lost is not loaded: 400: No adapter found/);

  await fixture.call('DELETE', '/api/engines/lora/adapters/lost');
  await fixture.call('DELETE', '/api/engines/lora/adapters/support-tone');
  const gone = await fixture.call('POST', '/api/engines/lora/probe');
  assert.deepEqual([gone.body.adapters, gone.body.state], [[], 'healthy']);
  assert.equal(base.adapters.size, 0);
  const plain = await fixture.upstream({ flavour: 'openai', models: ['no-lora'] });
  await fixture.connect('no-lora', plain);
  const refused = await fixture.call('PUT', '/api/engines/no-lora/adapters/a', { path: '/a' });
  assert.equal(refused.body.error.code, 'remote.adapters_unsupported');
});
