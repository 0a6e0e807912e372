import Type from 'typebox';
import { SamovarError } from '../../../kernel/errors.ts';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import { auditContextOf } from '../../../modules/audit/index.ts';
import { type AliasDependencies, removeAlias, setAlias } from '../../../modules/registry/index.ts';
import { consoleRoute } from '../console-route.ts';
import { consoleModel } from './model-schema.ts';
import { findModel, shownModel } from './shown-model.ts';

const aliasParams = Type.Object({
  alias: Type.String({ description: 'May hold one `/branch` and one `@suffix`.', minLength: 1 }),
});

/** `/api/aliases`: other names of models. `GET /api/models` lists them with their models. */
export function aliasRoutes(api: AliasDependencies): BoundRoute[] {
  const common = {
    path: '/api/aliases/{alias+}',
    permission: 'models.manage',
    tag: 'Model management',
    params: aliasParams,
  } as const;
  return [
    consoleRoute(
      {
        ...common,
        id: 'console.aliases.set',
        method: 'PUT',
        audit: 'alias.set',
        summary: 'Give a model another name, or move the name to it',
        body: Type.Object(
          { model: Type.String({ description: 'A model, or an alias.', minLength: 1, maxLength: 256 }) },
          { additionalProperties: false },
        ),
        responses: { 200: { description: 'The model with its names.', schema: consoleModel } },
      },
      async ({ principal, requestId, params, body }) => {
        const model = await findModel(api, principal, modelOf(body));
        const alias = params.alias ?? '';
        await setAlias(api, auditContextOf(principal, requestId), { alias, model });
        const renamed = await findModel(api, principal, model.name);
        return { status: 200, body: await shownModel(api, principal, renamed) };
      },
    ),
    consoleRoute(
      {
        ...common,
        id: 'console.aliases.remove',
        method: 'DELETE',
        audit: 'alias.remove',
        summary: 'Take a name of a model away',
        description: 'The aliases of the default models come back with the next start.',
        responses: { 200: { description: 'The model with the names that are left.', schema: consoleModel } },
      },
      async ({ principal, requestId, params }) => {
        const alias = params.alias ?? '';
        const { name } = await findModel(api, principal, alias);
        await removeAlias(api, auditContextOf(principal, requestId), alias);
        return { status: 200, body: await shownModel(api, principal, await findModel(api, principal, name)) };
      },
    ),
  ];
}

function modelOf(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'model' in body && typeof body.model === 'string')
    return body.model;
  throw new SamovarError('request.missing_parameter', { params: { parameter: 'model' }, field: 'model' });
}
