import Type from 'typebox';
import { SamovarError } from '../../../kernel/errors.ts';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import type { JobSender } from '../../../kernel/ports/job-queue.ts';
import { auditContextOf } from '../../../modules/audit/index.ts';
import {
  type AliasDependencies,
  getAlias,
  listAliases,
  listAliasMoves,
  promoteAlias,
  removeAlias,
  rollbackAlias,
  setAlias,
  stopCanary,
} from '../../../modules/registry/index.ts';
import { beginCanary } from '../../../modules/rollout/index.ts';
import { type ConsoleRequest, consoleRoute } from '../console-route.ts';
import {
  aliasChange,
  canaryBody,
  promotion,
  rollbackBody,
  wantedAlias,
  wantedCanary,
  wantedPromotion,
} from './alias-body.ts';
import {
  aliasObject,
  aliasObjectOf,
  aliasPage,
  aliasScopes,
  moveObjectOf,
  movePage,
} from './alias-schema.ts';

export type AliasApi = AliasDependencies & { readonly jobs: JobSender };

const tag = 'Aliases';
const path = '/api/aliases/{alias+}';
const params = Type.Object({
  alias: Type.String({ description: 'May hold one `/branch` and one `@suffix`.', minLength: 1 }),
});
const actionParams = Type.Object({
  name: Type.String({ description: 'The slash of a branch is written as `%2F`.', minLength: 1 }),
});
const responses = { 200: { description: 'The alias after this.', schema: aliasObject } };
const page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  cursor: Type.Optional(Type.String()),
};

/** `/api/aliases`: names that stand for models, where their requests go, and how that changes. */
export function aliasRoutes(api: AliasApi): BoundRoute[] {
  return [
    listRoute(api),
    historyRoute(api),
    ...moveRoutes(api),
    getRoute(api),
    setRoute(api),
    removeRoute(api),
  ];
}

function listRoute({ database }: AliasApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.aliases.list',
      method: 'GET',
      path: '/api/aliases',
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'List the aliases of the project, and those that its organization shares, by name',
      query: Type.Object(
        {
          scope: Type.Optional(Type.Enum([...aliasScopes])),
          model: Type.Optional(Type.String({ description: 'Only those that point at this model.' })),
          deprecated: Type.Optional(Type.Boolean()),
          canary: Type.Optional(Type.Boolean({ description: 'With a canary that runs, or without one.' })),
          ...page,
        },
        { additionalProperties: false },
      ),
      responses: { 200: { description: 'A page of aliases.', schema: aliasPage } },
    },
    async ({ principal, query }) => {
      const { model, deprecated, canary } = query;
      const filter = {
        scope: aliasScopes.find((one) => one === query.scope),
        model: typeof model === 'string' ? model : undefined,
        deprecated: typeof deprecated === 'boolean' ? deprecated : undefined,
        canary: typeof canary === 'boolean' ? canary : undefined,
      };
      const found = await listAliases(database, principal, filter, pageOf(query));
      return {
        status: 200,
        body: { items: found.items.map(aliasObjectOf), nextCursor: found.nextCursor },
      };
    },
  );
}

function getRoute(api: AliasApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.aliases.get',
      method: 'GET',
      path,
      permission: 'models.read',
      audit: null,
      tag,
      summary:
        'Read what a name stands for: the own alias of the project, else the one that its organization shares',
      params,
      responses: {
        200: { description: 'The alias with its targets and its last canary.', schema: aliasObject },
      },
    },
    async (request) => await shown(api, request, request.params.alias),
  );
}

function setRoute(api: AliasApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.aliases.set',
      method: 'PUT',
      path,
      permission: 'aliases.manage',
      audit: 'alias.set',
      tag,
      summary: 'Make an alias, or move it',
      description:
        'What is left out stays as it is. A canary that runs is stopped when the targets or fallbacks change. Giving an alias to the organization, and changing one that it has, needs `aliases.share` too.',
      params,
      body: aliasChange,
      responses,
    },
    async (request) => {
      const wanted = wantedAlias(request.body);
      if (wanted.scope === 'organization') requireShare(request);
      return await moved(api, request, request.params.alias, (context, name) =>
        setAlias(api, context, name, wanted),
      );
    },
  );
}

function removeRoute(api: AliasApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.aliases.remove',
      method: 'DELETE',
      path,
      permission: 'aliases.manage',
      audit: 'alias.remove',
      tag,
      summary: 'Take an alias away',
      description:
        'Its history stays, and a rollback brings it back. The aliases of the default models come back with the next start.',
      params,
      responses: { 200: { description: 'The alias as it was.', schema: aliasObject } },
    },
    async (request) => {
      const name = request.params.alias ?? '';
      const { principal, requestId } = request;
      const before = await ownAlias(api, request, name);
      await removeAlias(api, auditContextOf(principal, requestId), name);
      return { status: 200, body: aliasObjectOf(before) };
    },
  );
}

function historyRoute({ database }: AliasApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.aliases.history',
      method: 'GET',
      path: '/api/aliases/{name}/history',
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'List every move of an alias of the project, newest first',
      params: actionParams,
      query: Type.Object(page, { additionalProperties: false }),
      responses: { 200: { description: 'A page of moves.', schema: movePage } },
    },
    async ({ principal, params: { name = '' }, query }) => {
      const found = await listAliasMoves(database, principal, name, pageOf(query));
      if (found.items.length === 0 && query.cursor === undefined) await getAlias(database, principal, name);
      return { status: 200, body: { items: found.items.map(moveObjectOf), nextCursor: found.nextCursor } };
    },
  );
}

function moveRoutes(api: AliasApi): BoundRoute[] {
  const common = {
    method: 'POST',
    permission: 'aliases.manage',
    tag,
    params: actionParams,
    bodyOptional: true,
    responses,
  } as const;
  return [
    consoleRoute(
      {
        ...common,
        id: 'console.aliases.promote',
        path: '/api/aliases/{name}/promote',
        audit: 'alias.promote',
        summary: 'Let the candidate answer alone',
        description:
          'The target that is named, or the only one beside the stable one. A canary ends with it.',
        body: promotion,
      },
      async (request) =>
        await moved(api, request, request.params.name, (context, name) =>
          promoteAlias(api, context, name, wantedPromotion(request.body)),
        ),
    ),
    consoleRoute(
      {
        ...common,
        id: 'console.aliases.rollback',
        path: '/api/aliases/{name}/rollback',
        audit: 'alias.rollback',
        summary: 'Take the last move back',
        description:
          'All steps of a canary count as one move. Twice goes two moves back. An alias that was removed comes back, as one of the project.',
        body: rollbackBody,
      },
      async (request) =>
        await moved(api, request, request.params.name, (context, name) =>
          rollbackAlias(api, context, name, request.body as object),
        ),
    ),
    consoleRoute(
      {
        ...common,
        id: 'console.aliases.canary',
        path: '/api/aliases/{name}/canary',
        audit: 'alias.canary',
        summary: 'Give a candidate a growing share of the requests',
        description:
          'Each step is held for its time and until the candidate has answered `minRequests` in it; after the last the candidate is promoted. It is taken back by itself when its share of failed requests exceeds the stable target’s by more than `maxErrorIncrease`, or its time to the first byte (95th percentile) is more than `maxLatencyRatio` times the stable target’s.',
        body: canaryBody,
      },
      async (request) =>
        await moved(api, request, request.params.name, (context, name) =>
          beginCanary(api, context, name, wantedCanary(request.body)),
        ),
    ),
    consoleRoute(
      {
        ...common,
        id: 'console.aliases.canary-stop',
        path: '/api/aliases/{name}/canary/stop',
        audit: 'alias.canary-stop',
        summary: 'End a canary, and leave the shares as they are',
        body: rollbackBody,
      },
      async (request) =>
        await moved(api, request, request.params.name, (context, name) =>
          stopCanary(api, context, name, request.body as object),
        ),
    ),
  ];
}

/** Makes a move of an own alias and shows it. What the organization has is moved by who may share. */
async function moved(
  api: AliasApi,
  request: ConsoleRequest,
  name: string | undefined,
  move: (context: ReturnType<typeof auditContextOf>, name: string) => Promise<unknown>,
) {
  const { principal, requestId } = request;
  const before = await getAlias(api.database, principal, name ?? '').catch((error: unknown) => {
    if (error instanceof SamovarError && error.code === 'request.not_found') return null;
    throw error;
  });
  if (before?.own && before.scope === 'organization') requireShare(request);
  await move(auditContextOf(principal, requestId), name ?? '');
  return await shown(api, request, name);
}

async function ownAlias(api: AliasApi, request: ConsoleRequest, name: string) {
  const alias = await getAlias(api.database, request.principal, name);
  if (!alias.own)
    throw new SamovarError('request.not_found', { params: { kind: 'alias', id: name.slice(0, 256) } });
  if (alias.scope === 'organization') requireShare(request);
  return alias;
}

async function shown({ database }: AliasApi, { principal }: ConsoleRequest, name: string | undefined) {
  return { status: 200, body: aliasObjectOf(await getAlias(database, principal, name ?? '')) };
}

function requireShare({ principal }: ConsoleRequest): void {
  if (!principal.permissions.has('aliases.share'))
    throw new SamovarError('access.forbidden', { params: { permission: 'aliases.share' } });
}

function pageOf(query: ConsoleRequest['query']) {
  return {
    limit: typeof query.limit === 'number' ? query.limit : 100,
    cursor: typeof query.cursor === 'string' ? query.cursor : null,
  };
}
