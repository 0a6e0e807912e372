import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { Check } from 'typebox/value';
import { type ConsoleServer, startConsoleServer } from '../../../../test/console-server.ts';
import { addReadyModel } from '../../../../test/ready-model-rows.ts';
import { createForeignScope } from '../../../../test/test-principal.ts';
import { deploymentObject, shownDeployment } from './deployment-schema.ts';

let server: ConsoleServer;
let admin: string;
let reader: string;
let stranger: string;

before(async () => {
  server = await startConsoleServer();
  ({ secret: admin } = await server.addKey(defaultScope));
  ({ secret: reader } = await server.addKey(defaultScope, ['models.read']));
  ({ secret: stranger } = await server.addKey(await createForeignScope(server.store.database)));
});
after(() => server.stop());

async function call(method: string, path: string, body?: object, key = admin) {
  const response = await fetch(server.url + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers are checked against schemas where it matters
  const answer: any = await response.json();
  return { status: response.status, body: answer };
}

/** The events of a stream until one is as wanted; then it is left. */
async function eventsUntil(
  path: string,
  isLast: (event: { event: string; data: Record<string, unknown> }) => boolean,
  options: { headers?: Record<string, string>; key?: string } = {},
) {
  const leave = new AbortController();
  const response = await fetch(server.url + path, {
    headers: { authorization: `Bearer ${options.key ?? admin}`, ...options.headers },
    signal: leave.signal,
  });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const events: { id?: string; event: string; data: Record<string, unknown> }[] = [];
  let text = '';
  try {
    for await (const piece of response.body ?? []) {
      text += Buffer.from(piece).toString();
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks.filter((one) => !one.startsWith(':'))) {
        const fields = Object.fromEntries(
          block
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        const event = { ...fields, event: fields.event ?? '', data: JSON.parse(fields.data ?? '{}') };
        events.push(event);
        if (isLast(event)) return events;
      }
    }
    return events;
  } finally {
    leave.abort();
  }
}

test('deployments are listed by filters and cursor, and read by id or model', async () => {
  const listed = await call('GET', '/api/deployments?state=unloaded&residency=on-demand&limit=1');
  assert.equal(listed.status, 200);
  const [first] = listed.body.items;
  assert.equal(first.model, server.modelName);
  assert.ok(Check(deploymentObject, first), JSON.stringify(first));
  assert.equal(listed.body.nextCursor, null);
  assert.deepEqual((await call('GET', '/api/deployments?state=ready')).body.items, []);
  assert.equal((await call('GET', '/api/deployments?cursor=nonsense')).body.error.code, 'request.invalid');
  for (const name of [first.id, server.modelName]) {
    const shown = await call('GET', `/api/deployments/${name}`);
    assert.ok(Check(shownDeployment, shown.body), JSON.stringify(shown.body));
    assert.deepEqual([shown.body.id, shown.body.measured], [first.id, []]);
  }
});

test('an alias names the deployment of the version that answers for it, and says so where it means several', async () => {
  const { id } = (await call('GET', `/api/deployments/${server.modelName}`)).body;
  const other = await addReadyModel(server.store, 'other');
  await call('PUT', '/api/aliases/desk', { targets: [{ model: server.modelName }] });
  assert.deepEqual(await eventsUntil('/api/deployments/desk/events?follow=false', () => false), []);
  assert.equal((await call('GET', '/api/deployments/desk')).body.id, id);
  const targets = [
    { model: server.modelName, weight: 3 },
    { model: other.name, weight: 1 },
  ];
  await call('PUT', '/api/aliases/desk', { targets });
  const several = await call('GET', '/api/deployments/desk');
  assert.deepEqual([several.status, several.body.error.code], [409, 'deployment.several']);
  assert.match(several.body.error.message, /\(75 %\), other \(25 %\)/);
  assert.equal((await call('GET', '/api/deployments/nobody')).body.error.code, 'deployment.not_found');
  await call('DELETE', '/api/aliases/desk');
});

test('a deployment tells the context that its worker was started with, and the list of models both', async () => {
  const { rows } = await server.store.pool.query<{ id: string }>(
    `insert into engine_hosts (id, name, lease_until, memory_budget_bytes, threads, engines, pid, process_started_at)
     values (gen_random_uuid(), 'short', now() + interval '1 hour', 1, 1, '{llama-cpp}', 1, 'test') returning id`,
  );
  await server.store.pool.query(
    `insert into model_workers (id, organization_id, project_id, deployment_id, version_id, host_id, state, address,
       lane, slots, context_tokens)
     select gen_random_uuid(), organization_id, project_id, id, version_id, $1, 'ready', 'unix:/nowhere',
       'pass-through', 4, 1024 from deployments where model_name = $2`,
    [rows[0]?.id, server.modelName],
  );
  const shown = await call('GET', `/api/deployments/${server.modelName}`);
  assert.equal(shown.body.contextTokens, 1024);
  const { items } = (await call('GET', '/api/models')).body;
  const model = items.find(({ name }: { name: string }) => name === server.modelName);
  assert.deepEqual([model.deployment.contextTokens, model.contextTokens], [1024, 8192]);
  await server.store.pool.query("update model_workers set state = 'unloaded'");
  assert.equal((await call('GET', `/api/deployments/${server.modelName}`)).body.contextTokens, null);
  await server.store.pool.query('delete from model_workers');
});

test('another project sees nothing of a deployment, and a key without the permission changes nothing', async () => {
  const { id } = (await call('GET', `/api/deployments/${server.modelName}`)).body;
  assert.deepEqual((await call('GET', '/api/deployments', undefined, stranger)).body.items, []);
  for (const [method, path, body] of [
    ['GET', `/api/deployments/${id}`, undefined],
    ['GET', `/api/deployments/${id}/events`, undefined],
    ['GET', `/api/deployments/${id}/logs`, undefined],
    ['PATCH', `/api/deployments/${id}`, { pinned: true }],
    ['DELETE', `/api/deployments/${id}`, undefined],
  ] as const) {
    const refused = await call(method, path, body, stranger);
    assert.deepEqual(
      [refused.status, refused.body.error.code],
      [404, 'deployment.not_found'],
      `${method} ${path}`,
    );
  }
  assert.equal((await call('PATCH', `/api/deployments/${id}`, { pinned: true }, reader)).status, 403);
  assert.equal((await call('GET', `/api/deployments/${id}/logs`, undefined, reader)).status, 403);
});

test('what an operator sets stands in the deployment, in its events and in the audit; wrong values are named', async () => {
  const path = `/api/deployments/${server.modelName}`;
  const changed = await call('PATCH', path, {
    residency: 'always',
    priority: 7,
    idleSeconds: 60,
    engine: 'llama-server',
    options: { contextTokens: 512, kvCache: 'q8_0' },
  });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.deepEqual(
    [changed.body.residency, changed.body.priority, changed.body.idleSeconds, changed.body.engine],
    ['always', 7, 60, 'llama-server'],
  );
  assert.deepEqual(changed.body.options, { contextTokens: 512, kvCache: 'q8_0' });
  const back = await call('PATCH', path, {
    residency: 'on-demand',
    engine: null,
    options: { kvCache: null },
  });
  assert.deepEqual([back.body.engine, back.body.options], [null, { contextTokens: 512 }]);
  for (const [body, word] of [
    [{ options: { contextTokens: 10_000_000 } }, 'contextTokens'],
    [{ engine: 'onnx' }, 'engine'],
    [{ options: { gpu: 1 } }, 'gpu'],
    [{ priority: 101 }, 'priority'],
    [{}, ''],
  ] as const) {
    const refused = await call('PATCH', path, body);
    assert.equal(refused.status, 400, JSON.stringify(body));
    assert.ok(JSON.stringify(refused.body).includes(word), JSON.stringify(refused.body));
  }
  const events = await eventsUntil(`${path}/events?follow=false`, () => false);
  assert.equal(events.length, 2);
  assert.match(String(events[0]?.data.reason), /^set: desired always, priority 7, idleSeconds 60, options /);
  const audited = await server.store.pool.query(
    "select detail from audit_records where action = 'deployment.set' order by id",
  );
  assert.equal(audited.rows[0].detail.priority, 7);
});

test('events are told as they happen, after the past, with details for those who manage models alone', async () => {
  const path = `/api/deployments/${server.modelName}`;
  let seen = 0;
  const following = eventsUntil(`${path}/events?tail=1`, ({ event, data }) => {
    seen += 1;
    return event === 'event' && data.reason === 'set: priority 3';
  });
  while (seen < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  await call('PATCH', path, { priority: 3 });
  const events = await following;
  assert.equal(events[1]?.event, 'status');
  const last = events.at(-1);
  assert.ok(last?.data.detail);
  const resumed = await eventsUntil(`${path}/events`, ({ event }) => event === 'status', {
    headers: { 'last-event-id': events[0]?.id ?? '' },
    key: reader,
  });
  assert.deepEqual(
    resumed.map(({ id, data }) => [id, data.detail]),
    [
      [last.id, undefined],
      [undefined, undefined],
    ],
  );
});

test('a removed deployment is loaded by nobody until it is made again', async () => {
  const { id } = (await call('GET', `/api/deployments/${server.modelName}`)).body;
  assert.equal(
    (await call('POST', '/api/deployments', { model: server.modelName })).body.error.code,
    'deployment.exists',
  );
  assert.equal((await call('DELETE', `/api/deployments/${id}`)).status, 200);
  assert.equal((await call('GET', `/api/deployments/${id}`)).body.error.code, 'deployment.not_found');
  assert.deepEqual((await call('GET', '/api/deployments')).body.items, []);
  const made = await call('POST', '/api/deployments', { model: server.modelName, priority: 2 });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.deepEqual([made.body.id, made.body.priority, made.body.options], [id, 2, {}]);
  const foreign = await call('POST', '/api/deployments', {
    model: server.modelName,
    version: 'ver_00000000000070008000000000000000',
  });
  assert.deepEqual([foreign.status, foreign.body.error.code], [404, 'model.not_found']);
});

test('lines of workers are read from the end, and followed', async () => {
  const { id } = (await call('GET', `/api/deployments/${server.modelName}`)).body;
  const add = (line: string) =>
    server.store.pool.query(
      `insert into deployment_logs (organization_id, project_id, deployment_id, worker_id, at, line)
       select organization_id, project_id, id, gen_random_uuid(), now(), $1 from deployments`,
      [line],
    );
  for (const line of ['first', 'second', 'third']) await add(line);
  const past = await eventsUntil(`/api/deployments/${id}/logs?tail=2&follow=false`, () => false);
  assert.deepEqual(
    past.map(({ data }) => data.line),
    ['second', 'third'],
  );
  const following = eventsUntil(`/api/deployments/${id}/logs?tail=0`, ({ data }) => data.line === 'fifth');
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const line of ['fourth', 'fifth']) await add(line);
  assert.deepEqual(
    (await following).map(({ data }) => data.line),
    ['fourth', 'fifth'],
  );
});

test('a stream ends soon after its key was revoked, and no key follows more of them than it may', async () => {
  const { secret, keyId } = await server.addKey(defaultScope, ['models.read']);
  const follow = () =>
    fetch(`${server.url}/api/deployments/${server.modelName}/events`, {
      headers: { authorization: `Bearer ${secret}` },
    });
  const streams = await Promise.all([follow(), follow(), follow(), follow()]);
  assert.ok(streams.every(({ status }) => status === 200));
  const refused = await follow();
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '5');
  assert.equal(JSON.parse(await refused.text()).error.code, 'limit.followers');
  await server.store.pool.query('update api_keys set revoked_at = now() where id = $1', [keyId]);
  await server.refresh();
  const revokedAt = Date.now();
  await Promise.all(streams.map((stream) => stream.text()));
  assert.ok(Date.now() - revokedAt < 2000);
  assert.equal((await follow()).status, 401);
});
