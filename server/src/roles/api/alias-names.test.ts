import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiReplicas, startApiReplicas } from '../../../test/api-replicas.ts';
import { addReadyModel, addReadyWorker } from '../../../test/ready-model-rows.ts';
import { registerWorker } from '../../../test/registered-worker.ts';
import {
  chatAnswer,
  type ScriptedWorker,
  sendJson,
  startScriptedWorker,
} from '../../../test/scripted-worker.ts';

let replicas: ApiReplicas;
let worker: ScriptedWorker;

before(async () => {
  worker = await startScriptedWorker(({ response, body }) =>
    sendJson(response, 200, chatAnswer(String(body.model))),
  );
  replicas = await startApiReplicas(1, async (store) => {
    await registerWorker(store, 'unix:/nowhere');
    await addReadyWorker(store, await addReadyModel(store, 'plain'), worker.address);
  });
});
after(async () => {
  await replicas.stop();
  await worker.die();
});

async function call(method: string, path: string, body?: object): Promise<Response> {
  return await fetch(`${replicas.urls[0]}${path}`, {
    method,
    headers: { authorization: `Bearer ${replicas.key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
}

const chat = (model: string) =>
  call('POST', '/v1/chat/completions', { model, messages: [{ role: 'user', content: 'Hi' }] });

const completion = (modelUri: string) =>
  call('POST', '/foundationModels/v1/completion', {
    modelUri,
    completionOptions: {},
    messages: [{ role: 'user', text: 'Hi' }],
  });

/** Names that were asked for, once so many requests have been recorded. */
async function namesInUsage(count: number): Promise<string[]> {
  for (let waited = 0; ; waited += 50) {
    const { rows } = await replicas.store.pool.query('select requested_model from usage_records');
    const names = rows.map((row: { requested_model: string }) => row.requested_model);
    if (names.length >= count || waited > 5000) return [...new Set(names)].sort();
    await sleep(50);
  }
}

test('a name in any script is called in bodies, addresses and URIs of models, however it was typed', async () => {
  const name = 'мой 🫖 помощник';
  const typed = name.normalize('NFD');
  assert.notEqual(typed, name);
  const deprecation = { deprecatedAt: '2026-11-01', successor: 'другой/помощник' };
  const made = await call('PUT', `/api/aliases/${encodeURIComponent(typed)}`, {
    model: 'plain',
    deprecation,
  });
  assert.equal(((await made.json()) as { name: string }).name, name);
  const rivals = await call(
    'PUT',
    `/api/aliases/${encodeURIComponent(name)}/${encodeURIComponent('проба')}`,
    {
      model: 'plain',
    },
  );
  assert.equal(rivals.status, 200);
  await sleep(1000);
  for (const spelling of [name, typed, `${name}/проба`]) {
    const answer = await chat(spelling);
    assert.equal(answer.status, 200, spelling);
    const { samovar } = (await answer.json()) as { samovar: { alias: string } };
    assert.equal(samovar.alias, spelling.normalize('NFC'));
    const shown = await call('GET', `/v1/models/${encodeURIComponent(spelling)}`);
    assert.equal(shown.status, 200, spelling);
    assert.equal((await completion(`gpt://0/${spelling}`)).status, 200, spelling);
  }
  // Canaries are judged by the name that was asked for: it is recorded in one spelling.
  assert.deepEqual(await namesInUsage(6), [name, `${name}/проба`]);
  // A header carries ASCII alone: names in it are written as in an address.
  const link = (await chat(name)).headers.get('link');
  assert.equal(link, `</v1/models/${encodeURIComponent('другой/помощник')}>; rel="successor-version"`);
  const unknown = await chat('нет такой');
  assert.equal(unknown.status, 404);
  assert.match(await unknown.text(), /нет такой/);
  const listed = (await (await call('GET', '/v1/models')).json()) as { data: { id: string }[] };
  assert.equal(listed.data.filter(({ id }) => id.normalize('NFC') === name).length, 1);
  const removed = await call('DELETE', `/api/aliases/${encodeURIComponent(typed)}`);
  assert.equal(removed.status, 200);
});
