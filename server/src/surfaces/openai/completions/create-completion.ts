import type { DataExchange } from '../../../kernel/ports/http-routes.ts';
import { reserveTokens } from '../../../modules/inference/index.ts';
import { createByteSink } from '../byte-sink.ts';
import { checkParameters, invalidParameter } from '../check-parameters.ts';
import { type Forwarded, priorityOf } from '../forward.ts';
import { readBody } from '../read-body.ts';
import { modelNameOf, type SurfacePolicy } from '../surface-policy.ts';
import { completionTable } from './completion-parameters.ts';

interface CompletionParameters {
  readonly model: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean | null };
  readonly max_tokens?: number;
  readonly n?: number;
}

/** The published default of `max_tokens` at this endpoint. */
const defaultMaxTokens = 16;

/** `POST /v1/completions`: the worker speaks the same API, so its answer passes as it is. */
export function createCompletion(exchange: DataExchange, policy: SurfacePolicy): Forwarded {
  const { honoured, ignored } = checkParameters(completionTable, readBody(exchange.body));
  const request = honoured as unknown as CompletionParameters;
  if (request.stream_options !== undefined && request.stream !== true)
    throw invalidParameter('stream_options', 'it is only allowed when `stream` is true');
  const stream = request.stream === true;
  const clientWantsUsage = request.stream_options?.include_usage === true;
  const maxTokens = request.max_tokens ?? defaultMaxTokens;
  const body: Record<string, unknown> = { ...honoured, max_tokens: maxTokens };
  if (clientWantsUsage) body.stream_options = { include_usage: true };
  else delete body.stream_options;
  return {
    request: {
      requestId: exchange.requestId,
      principal: exchange.principal,
      endpoint: 'completions',
      workerPath: '/v1/completions',
      task: 'chat',
      model: modelNameOf(policy, exchange.principal, request.model),
      body,
      stream,
      clientWantsUsage,
      reserveTokens: reserveTokens(exchange.body.length, maxTokens, request.n),
      priority: priorityOf(exchange),
    },
    sink: createByteSink(exchange, { stream, ignored, promptField: 'prompt' }),
  };
}
