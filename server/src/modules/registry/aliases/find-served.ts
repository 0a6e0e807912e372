import type { Scope } from '../../../kernel/principal.ts';
import type { ModelSnapshot } from '../model-snapshot.ts';
import type { ServedModel } from '../served-model.ts';
import { normalName } from './alias-name.ts';
import type { ServedAlias } from './served-alias.ts';

/** What a name means to a project: one model, or an alias that stands for one or several. */
export interface NamedModel {
  /** The model itself, or the one that stands for the alias. */
  readonly model: ServedModel;
  readonly alias: ServedAlias | null;
}

/**
 * What a name means in this project, `null` when nothing that can answer: a model, the project's own alias, or an
 * alias of its organization. What the project has under this name, even if it is not ready, hides the organization's.
 */
export function findNamed(models: ModelSnapshot, scope: Scope, called: string): NamedModel | null {
  const name = normalName(called);
  const key = `${scope.projectId}/${name}`;
  const model = models.models.get(key);
  if (model) return { model, alias: null };
  const alias = models.aliases.get(key) ?? organizationAlias(models, scope, name);
  return alias ? { model: alias.primary, alias } : null;
}

/** The model that a name stands for in this project; `null` when none can answer. */
export function findServed(models: ModelSnapshot, scope: Scope, name: string): ServedModel | null {
  return findNamed(models, scope, name)?.model ?? null;
}

function organizationAlias(models: ModelSnapshot, scope: Scope, name: string): ServedAlias | undefined {
  const key = `${scope.projectId}/${name}`;
  if (models.pending.has(key) || models.archived.has(key)) return undefined;
  return models.aliases.get(`${scope.organizationId}/${name}`);
}
