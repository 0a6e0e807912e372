import type { ServedModel } from '../registry/index.ts';
import type { Replica } from '../serving/index.ts';
import type { WorkerPath } from './inference-request.ts';
import { missingRouteError } from './worker-error.ts';

/**
 * The replicas that have a route. Throws `engine.unsupported_operation` for a model of foreign engines alone of which
 * none has it; one of ours can be loaded.
 */
export function ableReplicas(
  replicas: readonly Replica[],
  path: WorkerPath,
  model: ServedModel,
): readonly Replica[] {
  if (path !== '/tokenize' && path !== '/score') return replicas;
  const able = replicas.filter(
    ({ remote }) => !remote || (path === '/tokenize' && remote.capabilities.includes('tokenize')),
  );
  const missing = missingRouteError(501, path);
  if (missing && able.length === 0 && replicas.length > 0 && model.manifest.engine === 'remote')
    throw missing;
  return able;
}
