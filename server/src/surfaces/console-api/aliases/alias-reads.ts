import Type from 'typebox';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import { getAlias, listAliases, listAliasMoves } from '../../../modules/registry/index.ts';
import { consoleRoute } from '../console-route.ts';
import { oneOf, pageQuery, pageReply, pageRequestOf } from '../page-query.ts';
import { type AliasApi, actionParams, aliasParams, aliasPath, aliasTag, shown } from './alias-access.ts';
import { aliasObjectOf, moveObjectOf } from './alias-object.ts';
import { aliasObject, aliasPage, aliasScopes, movePage } from './alias-schema.ts';

const read = { method: 'GET', permission: 'models.read', audit: null, tag: aliasTag } as const;

/** What aliases there are, what they mean, and how they came to. */
export function readRoutes(api: AliasApi): BoundRoute[] {
  return [listRoute(api), historyRoute(api), getRoute(api)];
}

function listRoute({ database }: AliasApi): BoundRoute {
  return consoleRoute(
    {
      ...read,
      id: 'console.aliases.list',
      path: '/api/aliases',
      summary: 'List the aliases of the project, and those that its organization shares, by name',
      query: pageQuery({
        scope: Type.Optional(Type.Enum([...aliasScopes])),
        model: Type.Optional(Type.String({ description: 'Only those that point at this model.' })),
        deprecated: Type.Optional(Type.Boolean()),
        canary: Type.Optional(Type.Boolean({ description: 'With a canary that runs, or without one.' })),
      }),
      responses: { 200: { description: 'A page of aliases.', schema: aliasPage } },
    },
    async ({ principal, query }) => {
      const { model, deprecated, canary } = query;
      const filter = {
        scope: oneOf(aliasScopes, query.scope),
        model: typeof model === 'string' ? model : undefined,
        deprecated: typeof deprecated === 'boolean' ? deprecated : undefined,
        canary: typeof canary === 'boolean' ? canary : undefined,
      };
      return pageReply(await listAliases(database, principal, filter, pageRequestOf(query)), aliasObjectOf);
    },
  );
}

function getRoute(api: AliasApi): BoundRoute {
  return consoleRoute(
    {
      ...read,
      id: 'console.aliases.get',
      path: aliasPath,
      summary:
        'Read what a name stands for: the own alias of the project, else the one that its organization shares',
      params: aliasParams,
      responses: {
        200: { description: 'The alias with its targets and its last canary.', schema: aliasObject },
      },
    },
    async (request) => await shown(api, request, request.params.alias ?? ''),
  );
}

function historyRoute({ database }: AliasApi): BoundRoute {
  return consoleRoute(
    {
      ...read,
      id: 'console.aliases.history',
      path: '/api/aliases/{name}/history',
      summary: 'List every move of an alias of the project, newest first',
      params: actionParams,
      query: pageQuery({}),
      responses: { 200: { description: 'A page of moves.', schema: movePage } },
    },
    async ({ principal, params: { name = '' }, query }) => {
      const found = await listAliasMoves(database, principal, name, pageRequestOf(query));
      if (found.items.length === 0 && query.cursor === undefined) await getAlias(database, principal, name);
      return pageReply(found, moveObjectOf);
    },
  );
}
