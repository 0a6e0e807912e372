import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Upstream } from '../../../test/openai-upstream.ts';
import { registerWorker } from '../../../test/registered-worker.ts';
import { type RemoteFixture, startRemoteFixture } from '../../../test/remote-fixture.ts';
import { chatAnswer, sendJson, startScriptedWorker } from '../../../test/scripted-worker.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { withPrefix } from '../../kernel/ids.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import { openRemoteEngines } from '../../roles/open-remote-engines.ts';
import { openDataPath } from '../../roles/worker/open-data-path.ts';
import { startDispatcher } from '../../roles/worker/start-dispatcher.ts';
import { applyProbe } from './apply-probe.ts';
import { type ClaimedProbe, claimProbes } from './claim-probe.ts';
import type { ProbeOutcome } from './probe/probe-engine.ts';
import { runProbe } from './run-probe.ts';
import { startProber } from './start-prober.ts';

let fixture: RemoteFixture;

before(async () => {
  fixture = await startRemoteFixture();
});

after(() => fixture.stop());

const contentOf = async (answer: Response): Promise<string> => {
  const body = (await answer.json()) as { choices?: { message: { content: string } }[] };
  return body.choices?.[0]?.message.content ?? JSON.stringify(body);
};

test('an engine joins a model that runs here: both answer, and either alone', async () => {
  const worker = await startScriptedWorker(({ response }) => sendJson(response, 200, chatAnswer('near')));
  after(() => worker.die());
  const { model } = await registerWorker(fixture.store, worker.address);
  await fixture.store.pool.query(
    `insert into model_imports (organization_id, project_id, version_id, phase)
     select organization_id, project_id, id, 'done' from model_versions`,
  );
  const far = await fixture.upstream({
    flavour: 'vllm',
    models: ['HuggingFaceTB/SmolLM2-135M-Instruct'],
    text: 'far',
  });
  const taken = await fixture.connect('joiner', far);
  assert.deepEqual([taken.state, taken.models[0].name, taken.models[0].serving], ['degraded', model, false]);
  assert.match(taken.models[0].problem, /a model of this installation/);
  const models = [{ upstream: 'HuggingFaceTB/SmolLM2-135M-Instruct', name: model, join: true }];
  await fixture.call('PATCH', '/api/engines/joiner', { models });
  const joined = await fixture.call('POST', '/api/engines/joiner/probe');
  assert.deepEqual([joined.body.state, joined.body.models[0].serving], ['healthy', true]);
  await sleep(300);
  const said = new Set<string>();
  for (let round = 0; round < 30; round += 1) {
    const messages = [{ role: 'user', content: `question ${round}` }];
    said.add(await contentOf(await fixture.chat(model, { messages })));
  }
  assert.deepEqual([...said].sort(), ['far', 'near']);
  const versions = await fixture.store.pool.query(
    'select count(*)::int as count from model_versions v join models m on m.id = v.model_id where m.name = $1',
    [model],
  );
  assert.equal(versions.rows[0].count, 1);
  await worker.die();
  for (let round = 0; round < 10; round += 1) {
    const messages = [{ role: 'user', content: `again ${round}` }];
    assert.equal(await contentOf(await fixture.chat(model, { messages })), 'far');
  }
});

test('asynchronous requests are answered by connected engines too', async () => {
  const engine = await fixture.upstream({ flavour: 'vllm', models: ['async-model'] });
  await fixture.connect('async', engine);
  const dataPath = await openDataPath(fixture.settings, fixture.masterKey, silentLog);
  const dispatcher = startDispatcher(fixture.settings, dataPath, silentLog);
  try {
    const begun = await fixture.call('POST', '/foundationModels/v1/completionAsync', {
      modelUri: 'gpt://0/async-model/latest',
      completionOptions: { maxTokens: '6' },
      messages: [{ role: 'user', text: 'Who?' }],
    });
    assert.equal(begun.status, 200, JSON.stringify(begun.body));
    for (let waitedMs = 0; ; waitedMs += 100) {
      const { body } = await fixture.call('GET', `/operations/${begun.body.id}`);
      if (body.done) {
        assert.equal(body.response.alternatives[0].message.text, 'I am async-model');
        break;
      }
      assert.ok(waitedMs < 20_000, JSON.stringify(body));
      await sleep(100);
    }
  } finally {
    await dispatcher.stop(0);
    await dataPath.end();
  }
});

test('of several processes one makes a probe, and another takes over from one that died', async () => {
  const engine = await fixture.upstream({ flavour: 'openai', models: ['leased'] });
  await fixture.connect('leased', engine);
  const { settings, masterKey, store } = fixture;
  const open = () => openRemoteEngines({ settings, database: store.database, masterKey, log: silentLog });
  const others = [startProber(open()), startProber(open())];
  const before = listings(engine);
  await store.pool.query("update remote_engines set next_probe_at = now() where name = 'leased'");
  await sleep(1500);
  assert.equal(listings(engine) - before, 1);

  // A process that claimed a probe and was killed: nobody probes until its lease is over, then another does.
  const [claimed] = await claimProbes(store.database, 1, await idOf('leased'));
  assert.ok(claimed);
  assert.deepEqual(await claimProbes(store.database, 1, claimed.engine.id), []);
  await store.pool.query(
    "update remote_engines set next_probe_at = now(), probe_until = now() - interval '1 second' where name = 'leased'",
  );
  await sleep(1500);
  assert.equal(listings(engine) - before, 2);
  const { rows } = await store.pool.query("select probe_token from remote_engines where name = 'leased'");
  assert.equal(rows[0].probe_token, null);

  // The one that was taken for dead comes back: what it found is not written.
  await engine.die();
  const deps = open();
  await runProbe(deps, claimed, { anew: false });
  await deps.transport.close();
  assert.equal((await fixture.call('GET', '/api/engines/leased')).body.state, 'healthy');
  for (const other of others) await other.stop(0);
});

test('what a probe finds out about a connection that was changed meanwhile is not written', async () => {
  const [before, after_] = [
    await fixture.upstream({ flavour: 'openai', models: ['old-one'] }),
    await fixture.upstream({ flavour: 'openai', models: ['new-one'] }),
  ];
  await fixture.connect('moved', before);
  const deps = openRemoteEngines({
    settings: fixture.settings,
    database: fixture.store.database,
    masterKey: fixture.masterKey,
    log: silentLog,
  });
  const [claimed] = await claimProbes(fixture.store.database, 1, await idOf('moved'));
  assert.ok(claimed);
  await fixture.call('PATCH', '/api/engines/moved', { baseUrl: after_.url });
  await runProbe(deps, claimed, { anew: true });
  await deps.transport.close();
  const { body } = await fixture.call('POST', '/api/engines/moved/probe');
  assert.deepEqual(
    body.models.map(({ name }: { name: string }) => name),
    ['new-one'],
  );
});

test('a model whose engines change gets a version for each change, and earlier versions go on being answered', async () => {
  const able = await fixture.upstream({ flavour: 'vllm', models: ['org/Same'] });
  const poor = await fixture.upstream({ flavour: 'vllm', models: ['org/Same'], lacks: ['tools'] });
  await fixture.connect('able', able);
  const first = await versionOf('same');
  assert.ok(first.capabilities.includes('tools'));
  await fixture.connect('poor', poor);
  const second = await versionOf('same');
  assert.ok(!second.capabilities.includes('tools'));
  await fixture.call('DELETE', '/api/engines/poor');
  await sleep(300);
  const third = await versionOf('same');
  assert.deepEqual(third.capabilities, first.capabilities);
  assert.equal(new Set([first.id, second.id, third.id]).size, 3);
  assert.equal((await fixture.chat('same')).status, 200);
  const { rows } = await fixture.store.pool.query(
    "select count(*)::int as count from remote_versions where model_name = 'same'",
  );
  assert.equal(rows[0].count, 3);
});

test('a version is never answered by another model that its name is mapped to later', async () => {
  const both = await fixture.upstream({ flavour: 'openai', models: ['left', 'right'] });
  const mapped = (name: string) => ({ discover: false, models: [{ upstream: name, name: 'side' }] });
  await fixture.connect('sides', both, mapped('left'));
  const { id } = await versionOf('side');
  const targets = [{ model: 'side', version: withPrefix('ver', id) }];
  const set = await fixture.call('PUT', '/api/aliases/held', { targets });
  assert.ok(set.status < 300, JSON.stringify(set.body));
  await sleep(300);
  assert.equal(await contentOf(await fixture.chat('held')), 'I am left');
  await fixture.call('PATCH', '/api/engines/sides', mapped('right'));
  await fixture.call('POST', '/api/engines/sides/probe');
  await sleep(300);
  assert.equal(await contentOf(await fixture.chat('side')), 'I am right');
  assert.equal((await fixture.chat('held')).status, 503);
});

test('a model that is deleted while an engine serves it comes back with the next probe', async () => {
  await fixture.connect('stubborn', await fixture.upstream({ flavour: 'openai', models: ['stubborn'] }));
  assert.equal((await fixture.call('DELETE', '/api/models/stubborn')).status, 200);
  await sleep(300);
  assert.equal((await fixture.chat('stubborn')).status, 404);
  await fixture.call('POST', '/api/engines/stubborn/probe');
  await sleep(300);
  assert.equal((await fixture.chat('stubborn')).status, 200);
});

test('two engines that are probed at the same moment never answer to one name with different models', async () => {
  const { database } = fixture.store;
  const configVersion = createConfigVersion();
  // Nothing listens there: what their probes find is told below.
  for (const name of ['twin-1', 'twin-2'])
    await fixture.call('POST', '/api/engines', { name, baseUrl: 'http://127.0.0.1:1' });
  const [one, two] = [await claimed('twin-1'), await claimed('twin-2')];
  const apply = (probe: ClaimedProbe, upstreamName: string) =>
    database
      .transaction()
      .execute((transaction) =>
        applyProbe(transaction, configVersion, probe.engine, probe.token, found(upstreamName)),
      );
  let second: Promise<void> | undefined;
  await database.transaction().execute(async (transaction) => {
    await applyProbe(transaction, configVersion, one.engine, one.token, found('a/Twin'));
    second = apply(two, 'b/Twin');
    await sleep(300);
  });
  await second;
  const { rows } = await fixture.store.pool.query(
    "select upstream_name, serving from remote_models where model_name = 'twin' order by upstream_name",
  );
  assert.deepEqual(rows, [
    { upstream_name: 'a/Twin', serving: true },
    { upstream_name: 'b/Twin', serving: false },
  ]);
});

test('a model that runs elsewhere is neither loaded nor unloaded here', async () => {
  const engine = await fixture.upstream({ flavour: 'openai', models: ['elsewhere'] });
  await fixture.connect('elsewhere', engine);
  for (const act of ['load', 'unload', 'engine?engine=llama-cpp']) {
    const { status, body } = await fixture.call('POST', `/api/models/elsewhere/${act}`);
    assert.deepEqual([status, body.error.code], [409, 'remote.runs_elsewhere'], act);
  }
  const { rows } = await fixture.store.pool.query(
    "select count(*)::int as count from deployments where model_name = 'elsewhere'",
  );
  assert.equal(rows[0].count, 0);
});

const listings = (engine: Upstream): number =>
  engine.requests.filter(({ path }) => path === '/v1/models').length;

/** The probe of an engine, once its prober has let it go. */
async function claimed(name: string): Promise<ClaimedProbe> {
  for (;;) {
    const [probe] = await claimProbes(fixture.store.database, 1, await idOf(name));
    if (probe) return probe;
    await sleep(50);
  }
}

function found(upstreamName: string): ProbeOutcome {
  const model = {
    upstreamName,
    modelName: 'twin',
    serving: true,
    problem: null,
    task: 'chat',
    lane: 'normalise',
    laneReason: null,
    contextTokens: 8192,
    parameters: 0,
    capabilities: ['chat'],
    answersAs: [upstreamName],
    dimensions: null,
    parent: null,
    fingerprint: upstreamName,
    checkedAt: new Date(),
  } as const;
  return { kind: 'answered', flavour: 'openai', version: null, models: [model], problem: null };
}

async function idOf(name: string): Promise<string> {
  const { rows } = await fixture.store.pool.query('select id from remote_engines where name = $1', [name]);
  return rows[0].id;
}

async function versionOf(
  name: string,
): Promise<{ readonly id: string; readonly capabilities: readonly string[] }> {
  const { rows } = await fixture.store.pool.query(
    "select v.id, v.manifest->'capabilities' as capabilities from model_versions v join models m on m.id = v.model_id where m.name = $1 and v.state = 'ready' order by v.id desc limit 1",
    [name],
  );
  return rows[0];
}
