import Type from 'typebox';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import type { JobSender } from '../../../kernel/ports/job-queue.ts';
import type { Log } from '../../../kernel/ports/log.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import { auditContextOf } from '../../../modules/audit/index.ts';
import {
  changeModel,
  collectObjects,
  deleteModel,
  findListedModel,
  type ModelChanges,
  requestCollection,
} from '../../../modules/registry/index.ts';
import { deploymentUsers } from '../../../modules/serving/index.ts';
import { consoleRoute, parseTime } from '../console-route.ts';
import { archivedModelExample } from './model-examples.ts';
import { consoleModel } from './model-schema.ts';
import { shownModel } from './shown-model.ts';

const tag = 'Model management';
const params = Type.Object({ name: Type.String({ description: 'A model.' }) });

export interface ModelChangeApi extends ModelChanges {
  readonly jobs: JobSender;
  /** How long a file of no model stays in the object store. */
  readonly modelFileGraceHours: number;
  readonly log: Log;
  objectStore(): Promise<ObjectStore>;
}

/** Taking models out of use, and what they leave behind. */
export function modelChangeRoutes(api: ModelChangeApi): BoundRoute[] {
  return [changeRoute(api), deleteRoute(api), collectRoute(api)];
}

function changeRoute(api: ModelChangeApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.models.change',
      method: 'PATCH',
      path: '/api/models/{name}',
      permission: 'models.manage',
      audit: 'model.change',
      tag,
      summary: 'Deprecate or archive a model, and name its successor',
      description:
        'An archived model answers nobody: requests are told its successor. From the time of deprecation on, answers carry a warning in their headers.',
      params,
      body: Type.Object(
        {
          archived: Type.Optional(Type.Boolean()),
          deprecatedAt: Type.Optional(Type.Union([Type.String(), Type.Null()])),
          successor: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 256 }), Type.Null()])),
        },
        {
          additionalProperties: false,
          minProperties: 1,
          examples: [{ archived: true, successor: 'qwen3-8b' }],
        },
      ),
      responses: {
        200: { description: 'The model after this.', schema: consoleModel, example: archivedModelExample },
      },
    },
    async ({ principal, requestId, params: { name = '' }, body }) => {
      const { deprecatedAt, ...change } = body as {
        readonly archived?: boolean;
        readonly deprecatedAt?: string | null;
        readonly successor?: string | null;
      };
      await changeModel(api, auditContextOf(principal, requestId), name, {
        ...change,
        ...(deprecatedAt !== undefined && {
          deprecatedAt: deprecatedAt === null ? null : parseTime('deprecatedAt', deprecatedAt),
        }),
      });
      const model = await findListedModel(api.database, principal, name);
      return { status: 200, body: await shownModel(api, principal, model) };
    },
  );
}

function deleteRoute(api: ModelChangeApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.models.delete',
      method: 'DELETE',
      path: '/api/models/{name}',
      permission: 'models.manage',
      audit: 'model.delete',
      tag,
      summary: 'Delete a model with all its versions',
      description:
        'Refused while an alias or a deployment uses it; the answer says which. A packaged model comes back with the next start, without its files.',
      params,
      responses: { 200: { description: 'The model as it was.', schema: consoleModel } },
    },
    async ({ principal, requestId, params: { name = '' } }) => {
      const model = await findListedModel(api.database, principal, name);
      const shown = await shownModel(api, principal, model);
      const changes = { ...api, users: deploymentUsers };
      await deleteModel(changes, auditContextOf(principal, requestId), name);
      return { status: 200, body: shown };
    },
  );
}

const collected = Type.Object(
  {
    files: Type.Integer({ description: 'Files of models in the object store.' }),
    bytes: Type.Integer(),
    unreferencedFiles: Type.Integer({
      description: 'Those of no version and no running import, of any project.',
    }),
    unreferencedBytes: Type.Integer(),
    removedFiles: Type.Integer({ description: 'Those whose grace is over: what is, or would be, removed.' }),
    removedBytes: Type.Integer(),
    graceHours: Type.Integer(),
  },
  {
    additionalProperties: false,
    examples: [
      {
        files: 4,
        bytes: 614000000,
        unreferencedFiles: 1,
        unreferencedBytes: 98362432,
        removedFiles: 1,
        removedBytes: 98362432,
        graceHours: 24,
      },
    ],
  },
);

function collectRoute(api: ModelChangeApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.models.collect',
      method: 'POST',
      path: '/api/models/gc',
      permission: 'models.manage',
      audit: 'model.collect',
      tag,
      summary: 'Remove files of no model from the object store',
      description:
        'It is done every hour by itself. This asks for it now and tells what there is to do; with `dryRun`, only that.',
      query: Type.Object({ dryRun: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
      responses: { 202: { description: 'What there is to remove.', schema: collected } },
    },
    async ({ principal, requestId, query, signal }) => {
      const graceHours = api.modelFileGraceHours;
      const collection = { ...api, objectStore: await api.objectStore(), graceHours };
      const found = await collectObjects(collection, { dryRun: true, signal });
      if (query.dryRun !== true)
        await api.database
          .transaction()
          .execute((transaction) =>
            requestCollection(api.jobs, transaction, auditContextOf(principal, requestId)),
          );
      return { status: 202, body: { ...found, graceHours } };
    },
  );
}
