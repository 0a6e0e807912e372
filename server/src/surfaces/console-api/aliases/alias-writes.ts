import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import { auditContextOf } from '../../../modules/audit/index.ts';
import { removeAlias, setAlias } from '../../../modules/registry/index.ts';
import { consoleRoute } from '../console-route.ts';
import {
  type AliasApi,
  aliasParams,
  aliasPath,
  aliasTag,
  moved,
  ownAlias,
  requireShare,
  withShareCheck,
} from './alias-access.ts';
import { aliasChange, wantedAlias } from './alias-body.ts';
import { aliasObjectOf } from './alias-object.ts';
import { aliasObject } from './alias-schema.ts';

const write = {
  path: aliasPath,
  permission: 'aliases.manage',
  tag: aliasTag,
  params: aliasParams,
} as const;

export function setRoute(api: AliasApi): BoundRoute {
  return consoleRoute(
    {
      ...write,
      id: 'console.aliases.set',
      method: 'PUT',
      audit: 'alias.set',
      summary: 'Make an alias, or move it',
      description:
        'What is left out stays as it is. A canary that runs is stopped when the targets or fallbacks change. Giving an alias to the organization, and changing one that it has, needs `aliases.share` too.',
      body: aliasChange,
      responses: { 200: { description: 'The alias after this.', schema: aliasObject } },
    },
    async (request) => {
      const wanted = wantedAlias(request.body);
      if (wanted.scope === 'organization') requireShare(request);
      const name = request.params.alias ?? '';
      return await moved(api, request, name, (checked, context) => setAlias(checked, context, name, wanted));
    },
  );
}

export function removeRoute(api: AliasApi): BoundRoute {
  return consoleRoute(
    {
      ...write,
      id: 'console.aliases.remove',
      method: 'DELETE',
      audit: 'alias.remove',
      summary: 'Take an alias away',
      description:
        'Its history stays, and a rollback brings it back. The aliases of the default models come back with the next start.',
      responses: { 200: { description: 'The alias as it was.', schema: aliasObject } },
    },
    async (request) => {
      const name = request.params.alias ?? '';
      const before = await ownAlias(api, request, name);
      await removeAlias(
        withShareCheck(api, request),
        auditContextOf(request.principal, request.requestId),
        name,
      );
      return { status: 200, body: aliasObjectOf(before) };
    },
  );
}
