import type { Model } from 'openai/resources/models';
import { SamovarError } from '../../../kernel/errors.ts';
import { withPrefix } from '../../../kernel/ids.ts';
import type { RequestHeaders } from '../../../kernel/ports/http-routes.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { Badge } from '../../../modules/model-checks/index.ts';
import { findNamed, type NamedModel, type ServedModel } from '../../../modules/registry/index.ts';
import type { Replica } from '../../../modules/serving/index.ts';
import { modelNameOf, type SurfacePolicy } from '../surface-policy.ts';

export interface SamovarModel extends Model {
  readonly samovar: {
    readonly alias_of: string | null;
    readonly title: string;
    readonly task: ServedModel['task'];
    /** Of what is loaded; while nothing is, the same as `max_context_tokens`. */
    readonly context_tokens: number;
    /** The most that the model takes, however it is loaded. */
    readonly max_context_tokens: number;
    readonly engine: string;
    readonly capabilities: readonly string[];
    readonly dimensions: number | null;
    readonly license: string;
    readonly version: string;
    /** What the latest check of this version found; null before the first. */
    readonly checks: CheckSummary | null;
    /** Times in RFC 3339. */
    readonly deprecated: string | null;
    readonly sunset: string | null;
    readonly successor: string | null;
  };
}

/** `failed` names features, with `failures` in words. */
export interface CheckSummary {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly failures: readonly string[];
  readonly checked_at: string;
}

export interface ModelPage {
  readonly object: 'list';
  readonly data: readonly SamovarModel[];
  /** Only of a page that was asked for: more models come behind it. */
  readonly has_more?: boolean;
}

export interface ListedPart {
  /** The project as the client names it, where it does. */
  readonly folder: RequestHeaders[string];
  /** At most so many; `null`: all, as published. */
  readonly limit: number | null;
  /** What comes behind the model with this id. */
  readonly after: string | null;
}

/**
 * The models of a project, then its aliases and those of its organization, each by name. To a client that names the
 * project as its folder they are what that client calls its models by: their URIs.
 */
export type ListModels = (policy: SurfacePolicy, scope: Scope, part: ListedPart) => ModelPage;

/** What was put in order once is kept until models, their checks or what is loaded change. */
export function createModelList(): ListModels {
  let keptFor: Pick<SurfacePolicy, 'models' | 'badges' | 'replicas'> | null = null;
  let lists = new Map<string, readonly SamovarModel[]>();
  const all = (policy: SurfacePolicy, scope: Scope, folder: string | null) => {
    const { models, badges, replicas } = policy;
    if (keptFor?.models !== models || keptFor.badges !== badges || keptFor.replicas !== replicas) {
      keptFor = { models, ...(badges && { badges }), ...(replicas && { replicas }) };
      lists = new Map();
    }
    const key = `${scope.projectId} ${folder ?? ''}`;
    const list = lists.get(key) ?? modelObjectsOf(policy, scope, folder);
    lists.set(key, list);
    return list;
  };
  return (policy, scope, { folder, limit, after }) => {
    const own = policy.projectNames.get(scope.projectId);
    const uris = typeof folder === 'string' && (folder === own || folder === scope.projectId);
    const list = all(policy, scope, uris ? folder : null);
    const from = after === null ? 0 : list.findIndex(({ id }) => id === after) + 1;
    if (after !== null && from === 0)
      throw new SamovarError('request.invalid', {
        params: { parameter: 'after', reason: 'no model of this list has this id.' },
        field: 'after',
      });
    if (limit === null) return { object: 'list', data: from === 0 ? list : list.slice(from) };
    return { object: 'list', data: list.slice(from, from + limit), has_more: list.length > from + limit };
  };
}

/** One model or alias. Throws `model.not_found`. */
export function retrieveModel(policy: SurfacePolicy, scope: Scope, name: string): SamovarModel {
  const own = modelNameOf(policy, scope, name);
  const named = findNamed(policy.models, scope, own);
  if (named === null)
    throw new SamovarError('model.not_found', { params: { model: name.slice(0, 256) }, field: 'model' });
  return modelObjectOf(policy, named, name);
}

function modelObjectsOf(policy: SurfacePolicy, scope: Scope, folder: string | null): SamovarModel[] {
  const { models } = policy;
  const own = `${scope.projectId}/`;
  const names = (prefix: string, keys: Iterable<string>): string[] =>
    [...keys].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  const modelNames = names(own, models.models.keys());
  const aliasNames = [
    ...names(own, models.aliases.keys()),
    ...names(`${scope.organizationId}/`, models.aliases.keys()),
  ];
  const known = new Set(modelNames);
  const { compare } = new Intl.Collator();
  return [
    ...modelNames.sort(compare),
    ...[...new Set(aliasNames)].filter((name) => !known.has(name)).sort(compare),
  ]
    .map((name) => ({ name, named: findNamed(models, scope, name) }))
    .flatMap(({ name, named }) =>
      named === null
        ? []
        : [modelObjectOf(policy, named, folder === null ? name : uriOf(folder, name, named.model))],
    );
}

/** An alias may name a branch or a tuned version itself. */
function uriOf(folder: string, name: string, { task }: ServedModel): string {
  const branch = /[/@]/.test(name) ? '' : '/latest';
  return `${task === 'embedding' ? 'emb' : 'gpt'}://${folder}/${name}${branch}`;
}

function modelObjectOf(
  { models, badges, replicas }: SurfacePolicy,
  { model, alias }: NamedModel,
  id: string,
): SamovarModel {
  const { manifest } = model;
  const deprecation = alias === null ? (models.deprecated.get(model.modelId) ?? null) : alias.deprecation;
  return {
    id,
    object: 'model',
    created: model.createdAtSeconds,
    owned_by: model.ownedBy,
    samovar: {
      alias_of: alias === null ? null : model.name,
      version: withPrefix('ver', model.versionId),
      checks: checksOf(badges?.get(model.versionId) ?? null),
      title: manifest.title,
      task: model.task,
      context_tokens: loadedContext(replicas?.get(model.versionId) ?? []) ?? model.contextTokens,
      max_context_tokens: model.contextTokens,
      engine: manifest.engine,
      capabilities: manifest.capabilities,
      dimensions: manifest.embedding?.dimensions ?? null,
      license: manifest.license.id,
      deprecated: deprecation?.deprecatedAt.toISOString() ?? null,
      sunset: deprecation?.sunsetAt?.toISOString() ?? null,
      successor: deprecation?.successor ?? null,
    },
  };
}

/** Of several workers the shortest, as any of them may get a request; `null` where none tells. */
function loadedContext(replicas: readonly Replica[]): number | null {
  const contexts = replicas.flatMap(({ contextTokens }) => contextTokens ?? []);
  return contexts.length === 0 ? null : Math.min(...contexts);
}

function checksOf(badge: Badge | null): CheckSummary | null {
  if (badge === null) return null;
  const named = (outcome: 'passed' | 'failed') =>
    badge.features.filter((one) => one.outcome === outcome).map(({ feature }) => feature);
  return {
    passed: named('passed'),
    failed: named('failed'),
    failures: badge.failures,
    checked_at: badge.checkedAt.toISOString(),
  };
}
