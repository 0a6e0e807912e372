import type { DataExchange } from '../../kernel/ports/http-routes.ts';
import type { InferenceRequest, InferenceSink, StartInference } from '../../modules/inference/index.ts';

export interface Forwarded {
  readonly request: InferenceRequest;
  readonly sink: InferenceSink;
}

/**
 * Carries one translated exchange to the inference module.
 * A client that reads slowly pauses the worker; one that leaves cancels it.
 */
export function forward(
  startInference: StartInference,
  exchange: DataExchange,
  { request, sink }: Forwarded,
): void {
  const handle = startInference(request, sink);
  exchange.answer.watch({ drained: () => handle.resume(), left: () => handle.cancel() });
}

/** `x-samovar-priority: background` lets interactive requests go first. */
export function priorityOf(exchange: DataExchange): InferenceRequest['priority'] {
  return exchange.headers['x-samovar-priority'] === 'background' ? 'background' : 'interactive';
}
