import type { ServedModel } from '../registry/index.ts';
import type { Replica } from '../serving/index.ts';
import type { InferenceRequest } from './inference-request.ts';

/** The body for the worker. An engine that does not know our extra is asked for counts the published way. */
export function workerBody(request: InferenceRequest, model: ServedModel, replica: Replica): string {
  const extra = request.stream
    ? replica.lane === 'normalise'
      ? { stream_options: { include_usage: true } }
      : { samovar: { usage: true } }
    : null;
  return JSON.stringify({ ...request.body, model: model.name, ...extra });
}
