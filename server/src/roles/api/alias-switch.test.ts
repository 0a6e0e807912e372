import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiReplicas, startApiReplicas } from '../../../test/api-replicas.ts';
import { addReadyModel, addReadyWorker } from '../../../test/ready-model-rows.ts';
import { registerWorker } from '../../../test/registered-worker.ts';
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
import { silentLog } from '../../../test/silent-log.ts';
import { stepCanaries } from '../../modules/rollout/watch-canaries-job.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';

const events = 20;
/** The model whose worker fails. */
let failing: string | null = null;
let replicas: ApiReplicas;
const workers: ScriptedWorker[] = [];

before(async () => {
  replicas = await startApiReplicas(2, async (store) => {
    const [old, next] = [await startScriptedWorker(answer), await startScriptedWorker(answer)];
    workers.push(old, next);
    await registerWorker(store, 'unix:/nowhere');
    await addReadyWorker(store, await addReadyModel(store, 'old'), old.address);
    await addReadyWorker(store, await addReadyModel(store, 'next'), next.address);
  });
});
after(async () => {
  await replicas.stop();
  for (const worker of workers) await worker.die();
});

/** Says its name: whole, or as a stream of events over half a second. */
async function answer({ response, body }: WorkerRequest): Promise<void> {
  const name = String(body.model);
  if (name === failing) {
    sendJson(response, 500, '{"error": {"message": "broken"}}');
    return;
  }
  if (body.stream !== true) {
    sendJson(response, 200, chatAnswer(name));
    return;
  }
  beginEvents(response);
  for (let event = 0; event < events; event += 1) {
    response.write(chatEvent(`${name} `));
    await sleep(25);
  }
  response.end(doneEvent);
}

async function manage(method: string, path: string, body?: object): Promise<void> {
  const response = await fetch(`${replicas.urls[0]}/api/aliases/${path}`, {
    method,
    headers: { authorization: `Bearer ${replicas.key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  assert.equal(response.status, 200, await response.text());
}

async function ask(url: string, stream: boolean, of = { model: 'desk', text: 'Hi' }): Promise<Response> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${replicas.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: of.model, stream, messages: [{ role: 'user', content: of.text }] }),
  });
  assert.equal(response.status, 200);
  return response;
}

async function modelAt(url: string, of?: Parameters<typeof ask>[2]): Promise<string | null> {
  const response = await ask(url, false, of);
  await response.arrayBuffer();
  return response.headers.get('x-samovar-model');
}

/** How long until both replicas send new requests to this model. */
async function untilAt(model: string): Promise<number> {
  const begunAt = performance.now();
  await Promise.all(
    replicas.urls.map(async (url) => {
      while ((await modelAt(url)) !== model) {
        assert.ok(performance.now() - begunAt < 1000, 'more than a second');
        await sleep(5);
      }
    }),
  );
  return performance.now() - begunAt;
}

test('streams go through a switch and a rollback: none is lost or mixed, and both replicas follow within a second', async () => {
  await manage('PUT', 'desk', { model: 'old' });
  // A name that is new is unknown until it is known.
  await sleep(1000);
  await untilAt('old');
  const running: Promise<void>[] = [];
  let stopped = false;
  const begin = async (): Promise<void> => {
    for (let turn = 0; !stopped; turn += 1) {
      running.push(stream(replicas.urls[turn % replicas.urls.length] ?? ''));
      await sleep(20);
    }
  };
  const beginning = begin();
  await sleep(200);
  const took: number[] = [];
  for (const [move, model] of [
    ['PUT', 'next'],
    ['POST', 'old'],
    ['PUT', 'next'],
    ['POST', 'old'],
  ] as const) {
    await (move === 'PUT' ? manage('PUT', 'desk', { model }) : manage('POST', 'desk/rollback'));
    took.push(await untilAt(model));
    await sleep(100);
  }
  stopped = true;
  await beginning;
  await Promise.all(running);
  assert.ok(running.length > 20, `${running.length} streams`);
  assert.ok(
    took.every((ms) => ms < 1000),
    took.join(' '),
  );
});

/** A whole answer, of the one model that its header names. */
async function stream(url: string): Promise<void> {
  const response = await ask(url, true);
  const model = response.headers.get('x-samovar-model');
  const text = await response.text();
  const words = [...text.matchAll(/"content":"(\w+) "/g)].map(([, word]) => word);
  assert.equal(words.length, events);
  assert.ok(
    words.every((word) => word === model),
    `${model}: ${words.join(' ')}`,
  );
  assert.ok(text.endsWith(doneEvent));
}

test('a canary that fails is taken back by what the requests themselves left behind', async () => {
  await manage('PUT', 'trial', { model: 'old', fallbacks: [{ model: 'old', on: ['failed'] }] });
  await sleep(1000);
  failing = 'next';
  try {
    await manage('POST', 'trial/canary', {
      model: 'next',
      steps: [{ percent: 40, holdSeconds: 3600 }],
      minRequests: 10,
    });
    const deps = { database: replicas.store.database, configVersion: createConfigVersion(), log: silentLog };
    const answered = new Set<string | null>();
    for (let request = 0; (await stepCanaries(deps)) > 0; request += 1) {
      assert.ok(request < 400, 'it is not taken back');
      const url = replicas.urls[request % 2] ?? '';
      answered.add(await modelAt(url, { model: 'trial', text: `question ${request}` }));
    }
    // Nobody who called noticed: the fallback answered.
    assert.deepEqual([...answered], ['old']);
  } finally {
    failing = null;
  }
  const response = await fetch(`${replicas.urls[1]}/api/aliases/trial`, {
    headers: { authorization: `Bearer ${replicas.key}` },
  });
  const alias = (await response.json()) as {
    targets: { model: string }[];
    canary: { state: string; reason: string; seen: { candidate: { failed: number } } };
  };
  assert.deepEqual([alias.targets.map(({ model }) => model), alias.canary.state], [['old'], 'rolled-back']);
  assert.match(alias.canary.reason, /100 % of \d+ requests to the candidate failed, and 0 % of/);
});

test('an alias that is removed or moved on one replica is so on the other', async () => {
  await manage('PUT', 'other', { model: 'old' });
  await sleep(500);
  await manage('DELETE', 'other');
  await sleep(500);
  for (const url of replicas.urls) {
    const response = await fetch(`${url}/v1/models/other`, {
      headers: { authorization: `Bearer ${replicas.key}` },
    });
    assert.equal(response.status, 404);
  }
});
