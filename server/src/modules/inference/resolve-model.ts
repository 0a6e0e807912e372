import { SamovarError } from '../../kernel/errors.ts';
import {
  chooseTarget,
  type Deprecation,
  findNamed,
  type ModelSnapshot,
  normalName,
  notReady,
  type ServedAlias,
  type ServedModel,
} from '../registry/index.ts';
import { conversationPoint } from './conversation-point.ts';
import type { InferenceRequest } from './inference-request.ts';

export type NamingRequest = Pick<InferenceRequest, 'principal' | 'model' | 'task' | 'versionId' | 'body'>;

/** The model that a request gets, and the alias that chose it. */
export interface ChosenModel {
  readonly model: ServedModel;
  readonly alias: ServedAlias | null;
  /** Of the name that was asked for. */
  readonly deprecation: Deprecation | null;
}

/**
 * The model that a request names, by its name or an alias, in the caller's project, or the version that was fixed for
 * it. An alias of several models chooses by their weights, the same for all requests of a conversation. Throws `model.*`.
 */
export function chooseModel(models: ModelSnapshot, request: NamingRequest): ChosenModel {
  if (request.versionId)
    return { model: fixedVersion(models, request.model, request.versionId), alias: null, deprecation: null };
  const named = findNamed(models, request.principal, request.model);
  if (named === null) throw absent(models, request);
  const { alias } = named;
  const model = alias === null ? named.model : chooseTarget(alias, () => conversationPoint(request.body));
  if (model.task !== request.task)
    throw new SamovarError('model.wrong_task', {
      params: { model: request.model, task: model.task },
      field: 'model',
    });
  const deprecation = alias === null ? models.deprecated.get(model.modelId) : alias.deprecation;
  return { model, alias, deprecation: deprecation ?? null };
}

/** The same where the alias does not matter: the version that a request which is answered later is fixed to. */
export function resolveModel(models: ModelSnapshot, request: NamingRequest): ServedModel {
  return chooseModel(models, request).model;
}

function fixedVersion(models: ModelSnapshot, model: string, versionId: string): ServedModel {
  const version = models.versions.get(versionId);
  if (!version) throw new SamovarError('model.version_gone', { params: { model, version: versionId } });
  return version;
}

function absent(models: ModelSnapshot, { principal, model }: NamingRequest): SamovarError {
  for (const owner of [principal.projectId, principal.organizationId]) {
    const key = `${owner}/${normalName(model)}`;
    const archived = models.archived.get(key);
    if (archived) return archivedError(model, archived.successor);
    const pending = models.pending.get(key);
    if (pending) return notReady(model, pending.state, 'model');
  }
  return new SamovarError('model.not_found', { params: { model }, field: 'model' });
}

function archivedError(model: string, successor: string | null): SamovarError {
  const instead = successor === null ? 'It has no successor.' : `Its successor is \`${successor}\`.`;
  return new SamovarError('model.archived', { params: { model, instead }, field: 'model' });
}
