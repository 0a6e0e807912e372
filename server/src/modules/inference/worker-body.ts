import type { WorkerRequestExtra } from '@samovar/contract/worker-protocol';
import type { ServedModel } from '../registry/index.ts';
import type { Replica } from '../serving/index.ts';
import type { InferenceRequest } from './inference-request.ts';

/**
 * The body for the worker. An engine that does not know our extra is asked for counts the published way; the worker of
 * a base is told which of its adapters is to answer.
 */
export function workerBody(request: InferenceRequest, model: ServedModel, replica: Replica): string {
  const { adapter } = replica;
  const asked = request.stream && replica.lane === 'normalise';
  const usage = request.stream && !asked;
  const extra: WorkerRequestExtra | undefined =
    usage || adapter !== undefined
      ? { ...(usage && { usage }), ...(adapter !== undefined && { adapter }) }
      : undefined;
  return JSON.stringify({
    ...request.body,
    model: model.name,
    ...(asked && { stream_options: { include_usage: true } }),
    ...(extra && { samovar: extra }),
  });
}
