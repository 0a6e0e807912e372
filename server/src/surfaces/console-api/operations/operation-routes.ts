import Type from 'typebox';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import type { OperationAccess } from '../../../modules/operations/index.ts';
import { consoleRoute } from '../console-route.ts';
import { oneOf, pageQuery, pageReply, pageRequestOf } from '../page-query.ts';
import {
  operationKinds,
  operationObject,
  operationObjectOf,
  operationPage,
  operationStates,
  operationSummaryOf,
} from './operation-schema.ts';

const tag = 'Operations';
const params = Type.Object({ id: Type.String() });
const usualWaitSeconds = 30;

/** `/api/operations`: long-running work of the caller's project. */
export function operationRoutes({ operations }: { readonly operations: OperationAccess }): BoundRoute[] {
  return [listRoute(operations), getRoute(operations), cancelRoute(operations), waitRoute(operations)];
}

function listRoute(operations: OperationAccess): BoundRoute {
  return consoleRoute(
    {
      id: 'console.operations.list',
      method: 'GET',
      path: '/api/operations',
      permission: 'operations.read',
      audit: null,
      tag,
      summary: 'List long-running operations, newest first',
      description: 'Without their responses, which can be large: read one operation for its own.',
      query: pageQuery({
        kind: Type.Optional(Type.Enum([...operationKinds])),
        state: Type.Optional(Type.Enum([...operationStates])),
      }),
      responses: { 200: { description: 'A page of operations.', schema: operationPage } },
    },
    async ({ principal, query }) => {
      const kind = oneOf(operationKinds, query.kind);
      const state = oneOf(operationStates, query.state);
      const filter = { ...(kind && { kinds: [kind] }), ...(state && { states: [state] }) };
      return pageReply(await operations.list(principal, filter, pageRequestOf(query)), operationSummaryOf);
    },
  );
}

function getRoute(operations: OperationAccess): BoundRoute {
  return consoleRoute(
    {
      id: 'console.operations.get',
      method: 'GET',
      path: '/api/operations/{id}',
      permission: 'operations.read',
      audit: null,
      tag,
      summary: 'Read an operation',
      params,
      responses: { 200: { description: 'The operation as it is now.', schema: operationObject } },
    },
    async ({ principal, params: { id = '' } }) => ({
      status: 200,
      body: operationObjectOf(await operations.get(principal, id)),
    }),
  );
}

function cancelRoute(operations: OperationAccess): BoundRoute {
  return consoleRoute(
    {
      id: 'console.operations.cancel',
      method: 'POST',
      path: '/api/operations/{id}/cancel',
      permission: 'operations.manage',
      audit: 'operation.cancel',
      tag,
      summary: 'Cancel an operation',
      description:
        'One that waits ends at once. One that runs is told to end, which takes about a second: `cancelRequested` is ' +
        'true until then. One that has ended stays as it is.',
      params,
      responses: { 200: { description: 'The operation after this.', schema: operationObject } },
    },
    async ({ principal, requestId, params: { id = '' } }) => ({
      status: 200,
      body: operationObjectOf(await operations.cancel({ principal, requestId, id })),
    }),
  );
}

function waitRoute(operations: OperationAccess): BoundRoute {
  return consoleRoute(
    {
      id: 'console.operations.wait',
      method: 'GET',
      path: '/api/operations/{id}/wait',
      permission: 'operations.read',
      audit: null,
      tag,
      summary: 'Wait until an operation has ended',
      description: 'Answers when it has ended or the time is over, with the operation as it is then.',
      params,
      query: Type.Object(
        {
          timeoutSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 60, default: usualWaitSeconds })),
        },
        { additionalProperties: false },
      ),
      responses: { 200: { description: 'The operation.', schema: operationObject } },
    },
    async ({ principal, params: { id = '' }, query }) => {
      const seconds = typeof query.timeoutSeconds === 'number' ? query.timeoutSeconds : usualWaitSeconds;
      return {
        status: 200,
        body: operationObjectOf(await operations.wait(principal, id, { timeoutMs: seconds * 1000 })),
      };
    },
  );
}
