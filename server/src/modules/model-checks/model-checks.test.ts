import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { startTestWorker } from '../../../test/llama-worker.ts';
import { createTestChecks, type TestChecks } from '../../../test/model-checks.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/postgres.ts';
import { registerWorker } from '../../../test/registered-worker.ts';
import {
  chatAnswer,
  chatEvent,
  doneEvent,
  sendJson,
  startScriptedWorker,
  usageEvent,
  type WorkerRequest,
} from '../../../test/scripted-worker.ts';
import { loadBadges } from './badge.ts';
import { tidyModelChecksJob } from './index.ts';

let store: TestDatabase;
const ending: (() => Promise<void>)[] = [];

beforeEach(async () => {
  store = await createTestDatabase();
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  await store.end();
});

/** Says the same to everything, as a stream where one is asked for. */
function say(text: string) {
  return ({ body, response }: WorkerRequest): void => {
    if (body.stream !== true) {
      sendJson(response, 200, chatAnswer(text));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`${chatEvent(text)}${usageEvent()}${doneEvent}`);
  };
}

async function checksOver(address: string): Promise<TestChecks> {
  await registerWorker(store, address);
  const checks = await createTestChecks(store);
  ending.push(() => checks.close());
  return checks;
}

async function checksOverModel(contextTokens = 1024): Promise<TestChecks> {
  const worker = await startTestWorker({ contextTokens });
  ending.push(async () => void (await worker.stop()));
  assert.equal(await worker.ready(), 'ready');
  return await checksOver(`unix:${worker.listen}`);
}

async function checksOverScript(answer: (request: WorkerRequest) => void): Promise<TestChecks> {
  const worker = await startScriptedWorker(answer);
  ending.push(() => worker.die());
  return await checksOver(worker.address);
}

test('the packaged chat model keeps its promises, its badge says so, and nobody is metered', async () => {
  const checks = await checksOverModel();
  const asked = await checks.request('conformance');
  assert.deepEqual([asked.state, checks.sent.length], ['queued', 1]);
  const check = await checks.work(asked);
  assert.equal(check.state, 'done', JSON.stringify(check.failure));
  const findings = Object.fromEntries((check.result?.findings ?? []).map((one) => [one.feature, one]));
  assert.deepEqual(Object.keys(findings), [
    'streaming',
    'tools',
    'json-schema',
    'determinism',
    'languages',
    'context',
  ]);
  for (const one of Object.values(findings)) assert.equal(one.outcome, 'passed', JSON.stringify(one));
  assert.match(
    findings.context?.detail ?? '',
    /states 8192 tokens and is served with 1024.* tokens was taken/,
  );
  assert.match(findings.languages?.detail ?? '', /Asked in en/);
  const badge = (await loadBadges(store.database)).get(check.versionId);
  assert.deepEqual([badge?.passed, badge?.failures], [true, []]);
  assert.ok(check.inputTokens > 1_000 && check.outputTokens > 100, JSON.stringify(check));
  const { rows } = await store.pool.query('select count(*)::integer as count from usage_records');
  assert.equal(rows[0].count, 0);
});

test('a model that is served with a short context fails nothing that only needs a longer one', async () => {
  const checks = await checksOverModel(256);
  const check = await checks.work(await checks.request('conformance'));
  assert.equal(check.state, 'done', JSON.stringify(check.failure));
  const findings = Object.fromEntries((check.result?.findings ?? []).map((one) => [one.feature, one]));
  for (const one of Object.values(findings)) assert.notEqual(one.outcome, 'failed', JSON.stringify(one));
  assert.equal(findings.context?.outcome, 'passed');
  assert.match(findings.context?.detail ?? '', /served with 256.* tokens was taken/);
});

test('what is asked about with more than a short context takes is not applicable, and says why', async () => {
  const contextTokens = 200;
  const checks = await checksOverScript((request) => {
    const { body, response } = request;
    const promptTokens = Math.ceil(JSON.stringify(body).length / 4);
    if (promptTokens <= contextTokens && body.tools === undefined) return say('It is tea.')(request);
    const samovar = { code: 'engine.context_exceeded', params: { promptTokens, contextTokens } };
    sendJson(response, 400, JSON.stringify({ error: { message: 'too long' }, samovar }));
  });
  const { result, failure } = await checks.work(await checks.request('conformance'));
  assert.equal(failure, null);
  const tools = result?.findings?.find(({ feature }) => feature === 'tools');
  assert.equal(tools?.outcome, 'skipped', JSON.stringify(tools));
  assert.match(tools?.detail ?? '', /^Not applicable: .* longer than the context of 200 tokens/);
});

test('an answer that the end of the context cuts off is no failure of the model, one that its own limit cuts off is', async () => {
  let outputTokens = 20;
  const checks = await checksOverScript((request) => {
    const { body, response } = request;
    if (body.stream === true) return say('It is tea.')(request);
    const answer = JSON.parse(chatAnswer('{"colors": ["re'));
    answer.choices[0].finish_reason = 'length';
    const usage = { prompt_tokens: 200, completion_tokens: outputTokens, total_tokens: 200 + outputTokens };
    sendJson(response, 200, JSON.stringify({ ...answer, usage }));
  });
  for (const outcome of ['skipped', 'failed']) {
    const { result } = await checks.work(await checks.request('conformance'));
    const found = (result?.findings ?? []).filter(({ feature }) => /tools|json-schema/.test(feature));
    assert.deepEqual(
      found.map((one) => one.outcome),
      [outcome, outcome],
      JSON.stringify(found),
    );
    outputTokens = 256;
  }
});

test('speed is measured by parallelism: tokens per second and the time to the first token', async () => {
  const checks = await checksOverModel();
  const check = await checks.work(await checks.request('speed'));
  assert.equal(check.state, 'done', JSON.stringify(check.failure));
  const levels = check.result?.levels ?? [];
  assert.deepEqual(
    levels.map(({ parallel }) => parallel),
    [1, 2],
  );
  for (const level of levels) {
    assert.ok(level.requests >= level.parallel && level.failures === 0, JSON.stringify(level));
    assert.ok(level.tokensPerSecond > 0 && level.firstTokenMs.p50 > 0, JSON.stringify(level));
    assert.ok(level.firstTokenMs.p95 >= level.firstTokenMs.p50);
    assert.ok((level.tokensPerSecondEach ?? 0) > 0 && level.textsPerSecond === null);
  }
  assert.equal((await loadBadges(store.database)).size, 0, 'a measurement is no badge');
});

test('speed is measured by answers that the end of the context cuts off, too', async () => {
  const checks = await checksOverScript(({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const choices = [{ index: 0, delta: { content: ' more' }, logprobs: null, finish_reason: 'length' }];
    response.end(`${chatEvent('Some')}${chatEvent('', { choices })}${usageEvent()}${doneEvent}`);
  });
  const check = await checks.work(await checks.request('speed'));
  assert.equal(check.failure, null);
  for (const level of check.result?.levels ?? assert.fail())
    assert.ok(level.requests >= level.parallel && level.failures === 0, JSON.stringify(level));
});

test('a model that breaks its promises gets them listed', async () => {
  const checks = await checksOverScript(say('Bonjour le monde'));
  const check = await checks.work(await checks.request('conformance'));
  assert.equal(check.state, 'done', JSON.stringify(check.failure));
  const badge = (await loadBadges(store.database, defaultScope)).get(check.versionId);
  assert.equal(badge?.passed, false);
  const failed = badge?.features.filter(({ outcome }) => outcome === 'failed').map(({ feature }) => feature);
  assert.deepEqual(failed, ['streaming', 'tools', 'json-schema', 'languages', 'context']);
  for (const expected of [
    /^tools: the call of `get_weather` is missing$/,
    /^JSON Schema: the schema `person` is not kept: Bonjour/,
    /^context: a prompt of \d+ tokens, more than it states, was taken$/,
  ])
    assert.ok(
      badge?.failures.some((text) => expected.test(text)),
      JSON.stringify(badge?.failures),
    );
});

test('a version has one open check of a kind, and one that a lost process had begins anew', async () => {
  const checks = await checksOverScript(say('Hello'));
  const [first, second] = [await checks.request('conformance'), await checks.request('conformance')];
  assert.equal(first.id, second.id);
  assert.equal(checks.sent.length, 1);
  const speed = await checks.request('speed');
  assert.notEqual(speed.id, first.id);
  const leaving = new AbortController();
  const begun = checks.work(first, leaving.signal);
  leaving.abort(new Error('draining'));
  await assert.rejects(begun, /draining/);
  const again = await checks.work(first, undefined, 2);
  assert.equal(again.state, 'done');
  assert.equal(
    (await checks.work(first, undefined, 1)).endedAt?.getTime(),
    again.endedAt?.getTime(),
    'no earlier attempt',
  );
  assert.notEqual(
    (await checks.request('conformance')).id,
    first.id,
    'a check that has ended can be asked for again',
  );
});

test('a model that cannot be asked fails the check with the reason, and keeps its former badge', async () => {
  let broken = false;
  const checks = await checksOverScript((request) => {
    if (broken) request.response.destroy();
    else say('Hello')(request);
  });
  const good = await checks.work(await checks.request('conformance'));
  broken = true;
  const check = await checks.work(await checks.request('conformance'));
  assert.equal(check.state, 'failed');
  assert.match(check.failure?.code ?? '', /^engine\./);
  assert.deepEqual((await loadBadges(store.database)).get(good.versionId)?.checkedAt, good.endedAt);
});

test('a check by itself asks nothing of a model for which another would be unloaded, and says so', async () => {
  let asked = 0;
  const worker = await startScriptedWorker((request) => {
    asked += 1;
    say('Hello')(request);
  });
  ending.push(() => worker.die());
  await registerWorker(store, worker.address);
  const checks = await createTestChecks(store, async () => false);
  ending.push(() => checks.close());
  const check = await checks.work(await checks.request('conformance'));
  assert.deepEqual([check.state, asked], ['failed', 0]);
  assert.match(check.failure?.message ?? '', /no room beside what is in use/);
  const own = await checks.request('conformance');
  await store.pool.query("update model_checks set actor_kind = 'api-key' where id = $1", [own.id]);
  assert.equal((await checks.work(own)).state, 'done', 'what a person asked for is loaded as usual');
});

test('a check that nobody works on any more ends, and only the latest are kept', async () => {
  const checks = await checksOverScript(say('Hello'));
  const check = await checks.request('conformance');
  await store.pool.query("update model_checks set updated_at = now() - interval '2 hours'");
  for (let count = 0; count < 25; count += 1)
    await store.pool.query(
      `insert into model_checks (id, organization_id, project_id, version_id, model_name, kind, state, wanted, actor_kind, actor_id)
       select gen_random_uuid(), organization_id, project_id, version_id, model_name, kind, 'done', 'null', actor_kind, actor_id
       from model_checks where id = $1`,
      [check.id],
    );
  const tidy = tidyModelChecksJob(store.database);
  await tidy.handle({}, { jobId: 'a job', attempt: 1, signal: new AbortController().signal });
  const { rows } = await store.pool.query(
    'select state, count(*)::integer as count from model_checks group by state',
  );
  assert.equal(
    rows.reduce((sum, { count }) => sum + count, 0),
    20,
  );
  assert.ok(rows.every(({ state }) => state === 'done' || state === 'failed'));
});
