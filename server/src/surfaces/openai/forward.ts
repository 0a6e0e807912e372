import { asSamovarError } from '../../kernel/errors.ts';
import type { DataExchange } from '../../kernel/ports/http-routes.ts';
import type { InferenceRequest, InferenceSink, StartInference } from '../../modules/inference/index.ts';
import { sendError } from './send-error.ts';

export interface Forwarded {
  readonly request: InferenceRequest;
  readonly sink: InferenceSink;
}

/**
 * Carries one exchange to the inference module: what `translate` makes of it, or the error that it throws.
 * A client that reads slowly pauses the worker; one that leaves cancels it.
 */
export function forward(
  startInference: StartInference,
  exchange: DataExchange,
  translate: (exchange: DataExchange) => Forwarded,
): void {
  const { response } = exchange;
  let forwarded: Forwarded;
  try {
    forwarded = translate(exchange);
  } catch (thrown) {
    sendError(response, asSamovarError(thrown), exchange.requestId);
    return;
  }
  const handle = startInference(forwarded.request, forwarded.sink);
  response.on('drain', () => handle.resume());
  response.on('close', () => {
    if (!response.writableFinished) handle.cancel();
  });
}

/** `x-samovar-priority: background` lets interactive requests go first. */
export function priorityOf(exchange: DataExchange): InferenceRequest['priority'] {
  return exchange.headers['x-samovar-priority'] === 'background' ? 'background' : 'interactive';
}
