import type { ServedModel } from '../registry/index.ts';
import type { RemoteTarget, Replica } from '../serving/index.ts';
import type { WorkerPath } from './inference-request.ts';
import { missingRouteError, unsupportedOperation } from './worker-error.ts';

/** What a foreign engine must be able to do for a route that not every one has; `null`: none has it. */
const needed: Partial<Record<WorkerPath, RemoteTarget['capabilities'][number] | null>> = {
  '/v1/completions': 'completions',
  '/tokenize': 'tokenize',
  '/score': null,
};

/** Our own workers have every route. */
export function hasRoute({ remote }: Replica, path: WorkerPath): boolean {
  const capability = needed[path];
  if (remote === undefined || capability === undefined) return true;
  return capability !== null && remote.capabilities.includes(capability);
}

/**
 * The replicas that have a route. Throws `engine.unsupported_operation` when none has it and the model runs on foreign
 * engines alone: for any other model, a worker of ours, which has it, can be loaded.
 */
export function ableReplicas(
  replicas: readonly Replica[],
  path: WorkerPath,
  model: ServedModel,
): readonly Replica[] {
  if (needed[path] === undefined) return replicas;
  const able = replicas.filter((replica) => hasRoute(replica, path));
  if (able.length === 0 && replicas.length > 0 && model.manifest.engine === 'remote')
    throw missingRouteError(501, path) ?? unsupportedOperation('complete a plain prompt');
  return able;
}
