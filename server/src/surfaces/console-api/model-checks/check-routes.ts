import Type from 'typebox';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { auditContextOf } from '../../../modules/audit/index.ts';
import {
  type CheckRequests,
  listChecks,
  requestCheck,
  usualWish,
} from '../../../modules/model-checks/index.ts';
import { selectMeasurements } from '../../../modules/serving/index.ts';
import { consoleRoute } from '../console-route.ts';
import { findModel, readyModel } from '../models/shown-model.ts';
import { oneOf, pageQuery, pageReply, pageRequestOf } from '../page-query.ts';
import { queuedCheckExample, queuedSpeedExample, speedWishExample } from './check-examples.ts';
import {
  checkList,
  checkObject,
  checkObjectOf,
  checkStates,
  measurementList,
  measurementListOf,
} from './check-schema.ts';

const tag = 'Model management';
const params = Type.Object({ name: Type.String({ description: 'A model, or an alias.' }) });
const usualChecks = 10;
const query = pageQuery({ state: Type.Optional(Type.Enum([...checkStates])) }, usualChecks);

const speedWish = Type.Object(
  {
    parallel: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 64 }), {
        minItems: 1,
        maxItems: 8,
        description: 'Requests at a time, one level after the other; 1, 2, 4 and 8 where absent.',
      }),
    ),
    promptTokens: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100_000, description: 'Of each prompt, about; 128 where absent.' }),
    ),
    outputTokens: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 4096, description: 'Of each answer at most; 64 where absent.' }),
    ),
  },
  { additionalProperties: false, examples: [speedWishExample] },
);

/** `/api/models/{name}/checks` and `/measurements`: what asking a model finds out about it. */
export function checkRoutes(api: CheckRequests): BoundRoute[] {
  return [checkRoute(api), checksRoute(api), measureRoute(api), measurementsRoute(api)];
}

function checkRoute(api: CheckRequests): BoundRoute {
  return consoleRoute(
    {
      id: 'console.models.check',
      method: 'POST',
      path: '/api/models/{name}/checks',
      permission: 'models.manage',
      audit: 'model.check',
      tag,
      summary: 'Check whether a model keeps its promises',
      description:
        'Returns at once; `GET /api/models/{name}/checks` tells how far it is. A worker process asks the model about ' +
        'streaming, tools, JSON Schema, its context, determinism and its languages, at background priority and metered to ' +
        'nobody; a model that is not loaded is loaded. One that is checked already is not checked twice.',
      params,
      responses: {
        202: { description: 'The check as it is now.', schema: checkObject, example: queuedCheckExample },
      },
    },
    async ({ principal, requestId, params: { name = '' } }) => {
      const checked = await checkedVersion(api, principal, name);
      const context = auditContextOf(principal, requestId);
      const check = await requestCheck(api, context, checked, { kind: 'conformance' });
      return { status: 202, body: checkObjectOf(check) };
    },
  );
}

function checksRoute(api: CheckRequests): BoundRoute {
  return consoleRoute(
    {
      id: 'console.models.checks',
      method: 'GET',
      path: '/api/models/{name}/checks',
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'List the checks of a model, newest first',
      params,
      query,
      responses: { 200: { description: 'Checks of the version that the name means.', schema: checkList } },
    },
    async ({ principal, params: { name = '' }, query: asked }) => {
      const { versionId } = await findModel(api, principal, name);
      const filter = { versionId, kind: 'conformance', state: oneOf(checkStates, asked.state) } as const;
      const page = pageRequestOf(asked, usualChecks);
      return pageReply(await listChecks(api.database, principal, filter, page), checkObjectOf);
    },
  );
}

function measureRoute(api: CheckRequests): BoundRoute {
  return consoleRoute(
    {
      id: 'console.models.measure',
      method: 'POST',
      path: '/api/models/{name}/measurements',
      permission: 'models.manage',
      audit: 'model.measure',
      tag,
      summary: 'Measure how fast a model is',
      description:
        'Returns at once; `GET /api/models/{name}/measurements` tells how far it is. A worker process asks the model with ' +
        'more and more requests at a time, at background priority and metered to nobody: other requests go first, so ' +
        'measure a model that has nothing else to do.',
      params,
      body: speedWish,
      responses: {
        202: {
          description: 'The measurement as it is now.',
          schema: checkObject,
          example: queuedSpeedExample,
        },
      },
    },
    async ({ principal, requestId, params: { name = '' }, body }) => {
      const checked = await checkedVersion(api, principal, name);
      const wish = { ...usualWish, ...(body as Type.Static<typeof speedWish>) };
      const context = auditContextOf(principal, requestId);
      return {
        status: 202,
        body: checkObjectOf(await requestCheck(api, context, checked, { kind: 'speed', wish })),
      };
    },
  );
}

function measurementsRoute(api: CheckRequests): BoundRoute {
  return consoleRoute(
    {
      id: 'console.models.measurements',
      method: 'GET',
      path: '/api/models/{name}/measurements',
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'Tell how fast a model is, how long it loads and what memory it takes',
      params,
      query,
      responses: {
        200: {
          description:
            'Measurements of the version that the name means, newest first, and what its loads told.',
          schema: measurementList,
        },
      },
    },
    async ({ principal, params: { name = '' }, query: asked }) => {
      const { versionId } = await findModel(api, principal, name);
      const filter = { versionId, kind: 'speed', state: oneOf(checkStates, asked.state) } as const;
      const [loads, checks] = await Promise.all([
        selectMeasurements(api.database, [versionId]),
        listChecks(api.database, principal, filter, pageRequestOf(asked, usualChecks)),
      ]);
      return { status: 200, body: measurementListOf(loads, checks) };
    },
  );
}

async function checkedVersion(api: CheckRequests, scope: Scope, name: string) {
  const model = await readyModel(api, scope, name);
  return { versionId: model.versionId, modelName: model.name };
}
