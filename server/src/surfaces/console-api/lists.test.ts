import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import type { Route } from '@samovar/contract/route';
import { type ConsoleServer, startConsoleServer } from '../../../test/console-server.ts';

let server: ConsoleServer;
let key: string;

before(async () => {
  server = await startConsoleServer();
  key = (await server.addKey(defaultScope)).secret;
});
after(() => server.stop());

interface Body {
  readonly items: readonly { readonly id: string; readonly state: string; readonly current?: boolean }[];
  readonly nextCursor: string | null;
  readonly error: { readonly message: string };
}

async function get(path: string): Promise<{ readonly status: number; readonly body: Body }> {
  const response = await fetch(server.url + path, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, body: (await response.json()) as Body };
}

interface QueryView {
  readonly properties?: Readonly<Record<string, { readonly enum?: readonly string[] }>>;
}

const queryOf = ({ query }: Route): NonNullable<QueryView['properties']> =>
  ((query ?? {}) as QueryView).properties ?? {};

const lists = () => server.routes.filter((route) => 'cursor' in queryOf(route));

const pathOf = ({ path }: Route) => path.replace('{name}', server.modelName);

test('every list takes a bounded page, and says what a filter may be when it is something else', async () => {
  assert.ok(lists().length >= 12, `${lists().length} lists`);
  for (const route of lists()) {
    for (const limit of ['0', '1001', 'all'])
      assert.equal((await get(`${pathOf(route)}?limit=${limit}`)).status, 400, `${route.id} ${limit}`);
    assert.equal((await get(`${pathOf(route)}?filter=x`)).status, 400, route.id);
    for (const [name, { enum: values }] of Object.entries(queryOf(route))) {
      if (values === undefined) continue;
      const refused = await get(`${pathOf(route)}?${name}=none-of-them`);
      assert.equal(refused.status, 400, `${route.id} ${name}`);
      for (const value of values) assert.ok(refused.body.error.message.includes(`"${value}"`), route.id);
    }
  }
});

test('a cursor that is none of a list is refused, where cursors are not names', async () => {
  for (const route of lists()) {
    const named = ['console.models.list', 'console.engines.list'].includes(route.id);
    const answer = await get(`${pathOf(route)}?cursor=nonsense`);
    assert.equal(answer.status, named ? 200 : 400, route.id);
  }
});

test('pages of a list hold everything once, in one order', async () => {
  for (let made = 0; made < 3; made += 1) {
    await server.addKey(defaultScope);
    await server.addVersion(server.modelName, `description ${made}`);
  }
  for (const path of ['/api/keys', `/api/models/${server.modelName}/versions`]) {
    const whole = (await get(path)).body.items.map(({ id }) => id);
    assert.ok(whole.length >= 4, path);
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await get(`${path}?limit=2${cursor && `&cursor=${cursor}`}`);
      assert.ok(body.items.length <= 2);
      paged.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    assert.deepEqual(paged, whole, path);
  }
});

test('keys are listed by their state', async () => {
  const { keyId } = await server.addKey(defaultScope);
  await fetch(`${server.url}/api/keys/key_${keyId.replaceAll('-', '')}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${key}` },
  });
  for (const [state, count] of [
    ['revoked', 1],
    ['expired', 0],
  ] as const)
    assert.equal((await get(`/api/keys?state=${state}`)).body.items.length, count, state);
  const valid = (await get('/api/keys?state=valid')).body.items;
  assert.ok(valid.length >= 4 && valid.every((one) => one.state === 'valid'));
});

test('versions of a model are listed by state, engine, quantization and archive, and the current one stays it', async () => {
  const path = `/api/models/${server.modelName}/versions`;
  await server.addVersion(server.modelName, 'one more');
  await server.addVersion(server.modelName, 'and another');
  const { items } = (await get(path)).body;
  const count = items.length;
  const [first, second] = items;
  assert.ok(first && second);
  await fetch(`${server.url}${path}/${second.id}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ archived: true }),
  });
  assert.equal(first.current, true);
  const ids = async (query: string) => {
    const found = (await get(`${path}?${query}`)).body.items;
    for (const { id, current } of found) assert.equal(current, id === first.id, `${query} ${id}`);
    return found.map(({ id }) => id);
  };
  for (const state of ['registered', 'importing', 'ready', 'failed']) {
    const wanted = items.filter((one) => one.state === state).map(({ id }) => id);
    assert.deepEqual((await ids(`state=${state}`)).sort(), wanted.sort(), state);
  }
  assert.deepEqual(await ids('archived=true'), [second.id]);
  assert.ok(!(await ids('archived=false')).includes(second.id));
  assert.equal((await ids('engine=llama-cpp')).length, count);
  assert.deepEqual(await ids('engine=onnx'), []);
  assert.equal((await ids('quantization=q4_1')).length, count);
  assert.deepEqual(await ids('quantization=none-such'), []);
  // A cursor holds though what it names is not in the filter.
  assert.deepEqual(await ids(`archived=true&cursor=${first.id}`), [second.id]);
});
