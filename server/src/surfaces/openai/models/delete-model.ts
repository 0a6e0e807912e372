import Type from 'typebox';
import { SamovarError } from '../../../kernel/errors.ts';
import type { BoundRoute, ManagementRequest } from '../../../kernel/ports/http-routes.ts';
import { type AuditContext, auditContextOf } from '../../../modules/audit/index.ts';
import { errorResponses } from '../error-responses.ts';
import { openaiErrorBody } from '../openai-error.ts';

const deletedModel = Type.Object(
  { id: Type.String(), object: Type.Literal('model'), deleted: Type.Boolean() },
  { additionalProperties: false, examples: [{ id: 'my-model', object: 'model', deleted: true }] },
);

export interface ModelRemoval {
  /** Throws `model.not_found`, `registry.in_use`. */
  deleteModel(context: AuditContext, name: string): Promise<void>;
}

/** `DELETE /v1/models/{model}`, apart from the routes that need no database. */
export function modelRemovalRoutes({ deleteModel }: ModelRemoval): BoundRoute[] {
  return [
    {
      route: {
        id: 'openai.models.delete',
        method: 'DELETE',
        path: '/v1/models/{model+}',
        lane: 'management',
        permission: 'models.manage',
        audit: 'model.delete',
        tag: 'Models',
        summary: 'Delete a model with all its versions',
        description:
          'By the name of the model: an alias is removed with `DELETE /api/aliases/{alias}`. Refused while an alias or a deployment uses it.',
        params: Type.Object({ model: Type.String({ minLength: 1 }) }),
        responses: {
          200: { description: 'It is deleted.', schema: deletedModel },
          ...errorResponses(400, 401, 403, 404, 409, 500, 503),
        },
      },
      errorBody: openaiErrorBody,
      handle: async ({ principal, requestId, params: { model = '' } }: ManagementRequest) => {
        if (principal === null) throw new SamovarError('access.key_missing');
        await deleteModel(auditContextOf(principal, requestId), model);
        return { status: 200, body: { id: model, object: 'model', deleted: true } };
      },
    },
  ];
}
