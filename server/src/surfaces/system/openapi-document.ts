import type { GrpcMethod } from '@samovar/contract/grpc-method';
import type { Route, RouteResponse } from '@samovar/contract/route';
import type { TSchema } from 'typebox';

interface JsonObject {
  readonly [name: string]: unknown;
}

export interface DocumentedTables {
  readonly routes: readonly Route[];
  readonly grpcMethods: readonly GrpcMethod[];
}

/** The OpenAPI 3.1 document of a route table, with the table of gRPC methods beside it. */
export function openapiDocument({ routes, grpcMethods }: DocumentedTables, version: string): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const route of routes) {
    const path = route.path.replace(/\{(\w+)\+\}/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
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
        'other than `100-continue`, 431 for headers that are too large, and 503 while the server stops or is full.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((route) => route.tag))].sort().map((name) => ({ name })),
    paths,
    'x-samovar-grpc-methods': grpcMethods.map(grpcMethod),
    components: {
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
      content: { 'application/json': { schema: route.body } },
    },
  };
}

function operation(route: Route): JsonObject {
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description ? { description: route.description } : {}),
    parameters: parameters(route),
    ...requestBody(route),
    responses: Object.fromEntries(
      Object.entries(route.responses).map(([status, answer]) => [status, response(answer)]),
    ),
    security: route.permission === 'public' ? [] : [{ key: [] }],
    'x-samovar-permission': route.permission,
  };
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
  if (!answer.schema && !answer.contentType) return { description: answer.description };
  return {
    description: answer.description,
    content: { [answer.contentType ?? 'application/json']: answer.schema ? { schema: answer.schema } : {} },
  };
}

function parameters(route: Route): JsonObject[] {
  const list = [...fromSchema(route.params, 'path'), ...fromSchema(route.query, 'query')];
  const described = new Set(list.map((parameter) => parameter.name));
  for (const [, name] of route.path.matchAll(/\{(\w+)\+?\}/g))
    if (name && !described.has(name))
      list.push({ name, in: 'path', required: true, schema: { type: 'string' } });
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
