import type { GrpcMethod } from '@samovar/contract/grpc-method';
import type { Route, RouteEvent, RouteResponse } from '@samovar/contract/route';
import type { TSchema } from 'typebox';
import { createSharedResponses, type JsonObject, type SharedResponses } from './shared-responses.ts';

export interface DocumentedTables {
  readonly routes: readonly Route[];
  readonly grpcMethods: readonly GrpcMethod[];
}

/** The OpenAPI 3.1 document of a route table, with the table of gRPC methods beside it. */
export function openapiDocument({ routes, grpcMethods }: DocumentedTables, version: string): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  const shared = createSharedResponses();
  for (const route of routes) {
    const path = route.path.replace(/\{(\w+)\+\}/g, '{$1}');
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: operation(route, shared),
      ...(route.head && { head: headOperation(route, route.head.summary, shared) }),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Samovar',
      version,
      description:
        'A self-hosted platform for machine-learning models.\n\n' +
        'Beside what each operation declares, any address can answer what HTTP itself forbids: 400 without `Host`, ' +
        '405 for another method (with `Allow`), 408 for a request that does not arrive in time, 417 for an `Expect` ' +
        'other than `100-continue`, 431 for headers that are too large, and 503 while the server stops or is full. ' +
        'What answers GET answers HEAD too, unless it is a stream of events.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((route) => route.tag))].sort().map((name) => ({ name })),
    paths,
    'x-samovar-grpc-methods': grpcMethods.map(grpcMethod),
    components: {
      ...shared.components(),
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key of this installation (`smv_…`).' },
      },
    },
  };
}

function requestBody(route: Route): JsonObject {
  if (route.rawBody !== undefined)
    return { requestBody: { required: true, content: { [route.rawBody]: {} } } };
  if (!route.body) return {};
  return {
    requestBody: {
      required: route.bodyOptional !== true,
      content: { 'application/json': media(route.body, route.bodyExample) },
    },
  };
}

function operation(route: Route, shared: SharedResponses): JsonObject {
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description ? { description: route.description } : {}),
    parameters: parameters(route),
    ...requestBody(route),
    responses: responses(route, shared, response),
    security: route.permission === 'public' ? [] : [{ key: [] }],
    'x-samovar-permission': route.permission,
  };
}

/** The same without bodies: what the headers tell. */
function headOperation(route: Route, summary: string, shared: SharedResponses): JsonObject {
  const { description: _, ...read } = operation(route, shared);
  return {
    ...read,
    operationId: `${route.id}.head`,
    summary,
    responses: responses(route, shared, ({ description, headers }) =>
      response({ description, ...(headers && { headers }) }),
    ),
  };
}

function responses(
  route: Route,
  shared: SharedResponses,
  shown: (answer: RouteResponse) => JsonObject,
): JsonObject {
  return Object.fromEntries(
    Object.entries(route.responses).map(([status, answer]) => [
      status,
      Number(status) >= 400 ? shared.refer(route.id, status, shown(answer)) : shown(answer),
    ]),
  );
}

function grpcMethod({ id, descriptor, permission, summary }: GrpcMethod): JsonObject {
  return {
    id,
    path: `/${descriptor.parent.typeName}/${descriptor.name}`,
    kind: descriptor.methodKind,
    input: descriptor.input.typeName,
    output: descriptor.output.typeName,
    summary,
    'x-samovar-permission': permission,
  };
}

function response(answer: RouteResponse): JsonObject {
  const { description, schema, contentType = 'application/json', headers, events } = answer;
  const content = {
    ...(schema && { [contentType]: media(schema, answer.example) }),
    ...(events && { [eventStreamType]: eventMedia(events) }),
    ...(!schema && !events && answer.contentType && { [contentType]: textMedia(answer.example) }),
  };
  return {
    description,
    ...(headers && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, header]) => [
          name,
          { description: header.description, schema: { type: 'string' }, example: header.example },
        ]),
      ),
    }),
    ...(Object.keys(content).length > 0 && { content }),
  };
}

/** An example stands beside the schema, where tools look for it, and there alone. */
function media(schema: TSchema, given: unknown): JsonObject {
  const { examples, ...rest } = schema as TSchema & { readonly examples?: readonly unknown[] };
  const example = given ?? examples?.[0];
  return { schema: rest, ...(example !== undefined && { example }) };
}

function textMedia(example: unknown): JsonObject {
  return example === undefined ? {} : { schema: { type: 'string' }, example };
}

const eventStreamType = 'text/event-stream';

/** OpenAPI 3.1 has no words for events: the stream is a text, and what is in it stands beside. */
function eventMedia(events: readonly RouteEvent[]): JsonObject {
  return {
    schema: { type: 'string' },
    example: events.map(eventText).join(''),
    'x-samovar-events': events.map(({ name, description, schema, example }) => ({
      event: name,
      description,
      ...(schema ? { data: media(schema, example) } : { example }),
    })),
  };
}

function eventText({ name, example, schema }: RouteEvent): string {
  const data = schema ? JSON.stringify(example) : String(example);
  return `${name === null ? '' : `event: ${name}\n`}data: ${data}\n\n`;
}

function parameters(route: Route): JsonObject[] {
  const list = [...fromSchema(route.params, 'path'), ...fromSchema(route.query, 'query')];
  const described = new Set(list.map((parameter) => parameter.name));
  for (const [, name] of route.path.matchAll(/\{(\w+)\+?\}/g))
    if (name && !described.has(name))
      list.push({ name, in: 'path', required: true, schema: { type: 'string' } });
  for (const [name, { description, example, required = false }] of Object.entries(route.headers ?? {}))
    list.push({ name, in: 'header', required, description, schema: { type: 'string' }, example });
  if (route.idempotent)
    list.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'Repeating the call with the same key gives the first answer again.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    });
  return list;
}

function fromSchema(schema: TSchema | undefined, place: 'path' | 'query'): JsonObject[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(property.description ? { description: property.description } : {}),
    schema: property,
  }));
}
