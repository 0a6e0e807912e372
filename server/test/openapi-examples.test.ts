import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { type ApiReplicas, startApiReplicas } from './api-replicas.ts';
import { resolveReferences } from './resolve-references.ts';

interface Media {
  readonly schema?: object;
  readonly example?: unknown;
  readonly 'x-samovar-events'?: readonly {
    readonly event: string | null;
    readonly description: string;
    readonly data?: Media;
  }[];
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly content?: Readonly<Record<string, Media>>;
        readonly headers?: Readonly<Record<string, { readonly example?: string }>>;
      }
    >
  >;
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

let replicas: ApiReplicas;
let paths: Paths;
let operations: readonly Operation[];

before(async () => {
  replicas = await startApiReplicas(1, async () => {});
  const response = await fetch(`${replicas.urls[0]}/openapi.json`, {
    headers: { authorization: `Bearer ${replicas.key}` },
  });
  ({ paths } = resolveReferences(await response.json()) as { paths: Paths });
  operations = Object.values(paths).flatMap((methods) => Object.values(methods));
});
after(() => replicas.stop());

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);

/** What is wrong with the example of a JSON body; empty when nothing is. */
function faultOf({ schema = {}, example }: Media): string {
  if (example === undefined) return 'it has no example';
  const check = ajv.compile(schema);
  return check(example) ? '' : ajv.errorsText(check.errors);
}

test('every operation shows an example of its body and of its answer, and each is one by its schema', () => {
  const faults: string[] = [];
  for (const { operationId, requestBody, responses } of operations) {
    const tell = (place: string, fault: string) =>
      fault !== '' && faults.push(`${operationId} ${place}: ${fault}`);
    for (const [type, media] of Object.entries(requestBody?.content ?? {}))
      if (type === 'application/json') tell('body', faultOf(media));
    for (const [status, { content = {} }] of Object.entries(responses))
      for (const [type, media] of Object.entries(content))
        if (type === 'application/json') tell(status, faultOf(media));
        else if (type === 'text/plain') tell(status, media.example === undefined ? 'it has no example' : '');
  }
  assert.deepEqual(faults, []);
  assert.ok(operations.length > 70, `${operations.length} operations`);
});

test('every stream of events names its events, and shows one of each', () => {
  const streams = operations.flatMap(({ operationId, responses }) => {
    const media = responses[200]?.content?.['text/event-stream'];
    return media === undefined ? [] : [{ operationId, media }];
  });
  for (const { operationId, media } of streams) {
    const events = media['x-samovar-events'] ?? [];
    assert.ok(events.length > 0, operationId);
    for (const { event, description, data } of events) {
      assert.ok(description !== '', `${operationId} ${event}`);
      if (data) assert.equal(faultOf(data), '', `${operationId} ${event}`);
      if (event !== null) assert.match(String(media.example), new RegExp(`^event: ${event}$`, 'm'));
    }
  }
  const ids = streams.map(({ operationId }) => operationId);
  assert.deepEqual(ids.filter((id) => id.startsWith('console.')).sort(), [
    'console.deployments.events',
    'console.deployments.logs',
    'console.imports.events',
  ]);
  assert.equal(ids.filter((id) => id.startsWith('openai.')).length, 3);
});

test('every list under /api is read in pages of a bounded size', () => {
  for (const operation of operations) {
    const media = operation.responses[200]?.content?.['application/json'];
    const listing = (media?.example ?? {}) as { readonly items?: unknown };
    if (!operation.operationId.startsWith('console.') || listing.items === undefined) continue;
    // What an installation is set to does not grow, and a plan is as long as what was declared.
    if (['console.config.read', 'console.models.plan'].includes(operation.operationId)) continue;
    const query = operation.parameters.filter((one) => one.in === 'query').map(({ name }) => name);
    assert.ok(query.includes('cursor') && query.includes('limit'), operation.operationId);
    assert.ok('nextCursor' in listing, operation.operationId);
  }
});

test('the head of an upload is an operation of its own, with the headers that it is asked for', () => {
  const head = paths['/api/uploads/{id}']?.head;
  assert.equal(head?.operationId, 'console.uploads.get.head');
  const { headers, content } = head?.responses[200] ?? {};
  assert.equal(content, undefined);
  assert.deepEqual(Object.keys(headers ?? {}), ['Upload-Offset', 'Upload-Length']);
  const append = paths['/api/uploads/{id}']?.patch;
  assert.ok(append?.parameters.some((one) => one.in === 'header' && one.name === 'Upload-Offset'));
});
