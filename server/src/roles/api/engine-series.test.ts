import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectEngines, misbehave } from '../../../test/connected-engines.ts';
import { type RemoteFixture, startRemoteFixture } from '../../../test/remote-fixture.ts';
import { sendJson } from '../../../test/upstream-request.ts';

let fixture: RemoteFixture;

before(async () => {
  fixture = await startRemoteFixture();
});
after(() => fixture.stop());

/** Values of one metric, by its labels without the engine's id. */
async function valuesOf(name: string): Promise<Record<string, number>> {
  const answer = await fetch(`${fixture.url}/metrics`, {
    headers: { authorization: `Bearer ${fixture.key}` },
  });
  const lines = (await answer.text()).split('\n').filter((line) => line.startsWith(`${name}{`));
  return Object.fromEntries(
    lines.map((line) => {
      const [, labels = '', value] = /\{(.*)\} (\S+)$/.exec(line) ?? [];
      const shown = labels.replace(/,?samovar_engine_id="[^"]+"/, '').replaceAll('"', '');
      return [shown, Number(value)];
    }),
  );
}

test('what connected engines fail at, whether they get requests, and fallbacks taken are in the metrics', async () => {
  const failing = await connectEngines(fixture, {
    more: { limits: { parallelRequests: 4, queuedRequests: 4 } },
  });
  const standing = await connectEngines(fixture);
  const alias = {
    targets: [{ model: failing.model, weight: 1 }],
    fallbacks: [{ model: standing.model }],
  };
  const set = await fixture.call('PUT', '/api/aliases/either', alias);
  assert.ok(set.status < 300, JSON.stringify(set.body));
  await sleep(800);
  const [upstream] = failing.upstreams;
  misbehave(upstream, ({ response }) => sendJson(response, 500, {}));
  for (let round = 0; round < 12; round += 1) assert.equal((await fixture.chat('either')).status, 200);

  const { engine, model } = failing;
  assert.deepEqual(await valuesOf('samovar_fallbacks_total'), {
    [`gen_ai_request_model=${model},gen_ai_response_model=${standing.model},error_type=engine.remote_failed`]: 10,
    [`gen_ai_request_model=${model},gen_ai_response_model=${standing.model},error_type=engine.remote_unavailable`]: 2,
  });
  const breakers = await valuesOf('samovar_remote_breaker');
  assert.equal(breakers[`samovar_engine=${engine},gen_ai_request_model=${model},state=broken`], 1);
  assert.equal(breakers[`samovar_engine=${engine},gen_ai_request_model=${model},state=open`], 0);
  assert.equal(
    breakers[`samovar_engine=${standing.engine},gen_ai_request_model=${standing.model},state=open`],
    1,
  );
  const failures = await valuesOf('samovar_remote_failures_total');
  assert.equal(failures[`samovar_engine=${engine},error_type=failed`], 10);
  assert.equal(failures[`samovar_engine=${standing.engine},error_type=failed`], 0);
  assert.equal((await valuesOf('samovar_remote_running'))[`samovar_engine=${engine}`], 0);
});

test('what probes find, and adapters, are in the metrics of every api process', async () => {
  const { engine, upstreams } = await connectEngines(fixture);
  for (const [name, path] of [
    ['good', '/adapters/good'],
    ['bad', '/missing'],
  ])
    await fixture.call('PUT', `/api/engines/${engine}/adapters/${name}`, { path });
  await fixture.call('POST', `/api/engines/${engine}/probe`);
  const states = await valuesOf('samovar_remote_engine_state');
  assert.equal(states[`samovar_engine=${engine},state=degraded`], 1);
  assert.equal(states[`samovar_engine=${engine},state=healthy`], 0);
  const adapters = await valuesOf('samovar_remote_adapters');
  assert.equal(adapters[`samovar_engine=${engine},state=loaded`], 1);
  assert.equal(adapters[`samovar_engine=${engine},state=failed`], 1);
  const probed = (await valuesOf('samovar_remote_probe_timestamp_seconds'))[`samovar_engine=${engine}`] ?? 0;
  assert.ok(Math.abs(probed - Date.now() / 1000) < 60, String(probed));
  for (const upstream of upstreams) await upstream.die();
  await fixture.call('POST', `/api/engines/${engine}/probe`);
  assert.equal((await valuesOf('samovar_remote_probes_missed'))[`samovar_engine=${engine}`], 1);
});
