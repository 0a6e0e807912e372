import type { Model } from 'openai/resources/models';
import { SamovarError } from '../../../kernel/errors.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { ServedModel } from '../../../modules/registry/index.ts';
import { findModel, type SurfacePolicy } from '../surface-policy.ts';

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

/** The models of a project, then its aliases, each by name. */
export function listModels(policy: SurfacePolicy, scope: Scope): { object: 'list'; data: SamovarModel[] } {
  return {
    object: 'list',
    data: [...named(policy.models.models, scope), ...named(policy.models.aliases, scope)].map(
      ([name, model]) => modelObjectOf(name, model),
    ),
  };
}

/** One model or alias. Throws `model.not_found`. */
export function retrieveModel(policy: SurfacePolicy, scope: Scope, name: string): SamovarModel {
  const model = findModel(policy, scope, name);
  if (model === null)
    throw new SamovarError('model.not_found', { params: { model: name.slice(0, 256) }, field: 'model' });
  return modelObjectOf(name, model);
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

function modelObjectOf(name: string, model: ServedModel): SamovarModel {
  const { manifest } = model;
  return {
    id: name,
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
