import { SamovarError } from '../../kernel/errors.ts';
import { type ModelSnapshot, notReady, type ServedModel } from '../registry/index.ts';
import type { InferenceRequest } from './inference-request.ts';

/**
 * The model that a request names, by its name or an alias, in the caller's project, or the version that was fixed for
 * it. Throws `model.*`.
 */
export function resolveModel(
  models: ModelSnapshot,
  request: Pick<InferenceRequest, 'principal' | 'model' | 'task' | 'versionId'>,
): ServedModel {
  if (request.versionId) return fixedVersion(models, request.model, request.versionId);
  const key = `${request.principal.projectId}/${request.model}`;
  const model = models.models.get(key) ?? models.aliases.get(key);
  if (!model) throw absent(models, key, request.model);
  if (model.task !== request.task)
    throw new SamovarError('model.wrong_task', {
      params: { model: request.model, task: model.task },
      field: 'model',
    });
  return model;
}

function fixedVersion(models: ModelSnapshot, model: string, versionId: string): ServedModel {
  const version = models.versions.get(versionId);
  if (!version) throw new SamovarError('model.version_gone', { params: { model, version: versionId } });
  return version;
}

function absent(models: ModelSnapshot, key: string, name: string): SamovarError {
  const pending = models.pending.get(key);
  return pending
    ? notReady(name, pending.state, 'model')
    : new SamovarError('model.not_found', { params: { model: name }, field: 'model' });
}
