import type { Model } from 'openai/resources/models';
import { SamovarError } from '../../../kernel/errors.ts';
import type { RequestHeaders } from '../../../kernel/ports/http-routes.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { ServedModel } from '../../../modules/registry/index.ts';
import { findModel, modelNameOf, type SurfacePolicy } from '../surface-policy.ts';

export interface SamovarModel extends Model {
  readonly samovar: {
    readonly alias_of: string | null;
    readonly title: string;
    readonly task: ServedModel['task'];
    readonly context_tokens: number;
    readonly engine: string;
    readonly capabilities: readonly string[];
    readonly dimensions: number | null;
    readonly license: string;
  };
}

/**
 * The models of a project, then its aliases, each by name. To a client that names the project as its folder they are
 * what that client calls its models by: their URIs.
 */
export function listModels(
  policy: SurfacePolicy,
  scope: Scope,
  folder?: RequestHeaders[string],
): { object: 'list'; data: SamovarModel[] } {
  const own = policy.projectNames.get(scope.projectId);
  const uris = typeof folder === 'string' && (folder === own || folder === scope.projectId);
  return {
    object: 'list',
    data: [...named(policy.models.models, scope), ...named(policy.models.aliases, scope)].map(
      ([name, model]) => modelObjectOf(name, model, uris ? uriOf(folder, name, model) : name),
    ),
  };
}

/** One model or alias. Throws `model.not_found`. */
export function retrieveModel(policy: SurfacePolicy, scope: Scope, name: string): SamovarModel {
  const own = modelNameOf(policy, scope, name);
  const model = findModel(policy, scope, own);
  if (model === null)
    throw new SamovarError('model.not_found', { params: { model: name.slice(0, 256) }, field: 'model' });
  return modelObjectOf(own, model, name);
}

function named(
  entries: ReadonlyMap<string, ServedModel>,
  scope: Scope,
): readonly (readonly [string, ServedModel])[] {
  const prefix = `${scope.projectId}/`;
  return [...entries]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, model]) => [key.slice(prefix.length), model] as const)
    .sort(([left], [right]) => left.localeCompare(right));
}

/** An alias may name a branch or a tuned version itself. */
function uriOf(folder: string, name: string, { task }: ServedModel): string {
  const branch = /[/@]/.test(name) ? '' : '/latest';
  return `${task === 'embedding' ? 'emb' : 'gpt'}://${folder}/${name}${branch}`;
}

function modelObjectOf(name: string, model: ServedModel, id: string): SamovarModel {
  const { manifest } = model;
  return {
    id,
    object: 'model',
    created: model.createdAtSeconds,
    owned_by: model.ownedBy,
    samovar: {
      alias_of: name === model.name ? null : model.name,
      title: manifest.title,
      task: model.task,
      context_tokens: model.contextTokens,
      engine: manifest.engine,
      capabilities: manifest.capabilities,
      dimensions: manifest.embedding?.dimensions ?? null,
      license: manifest.license.id,
    },
  };
}
