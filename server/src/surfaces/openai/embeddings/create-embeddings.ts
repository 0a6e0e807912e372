import type { DataExchange } from '../../../kernel/ports/http-routes.ts';
import { reserveTokens } from '../../../modules/inference/index.ts';
import { createByteSink } from '../byte-sink.ts';
import { checkParameters } from '../check-parameters.ts';
import { type Forwarded, priorityOf } from '../forward.ts';
import { readBody } from '../read-body.ts';
import { modelNameOf, type SurfacePolicy } from '../surface-policy.ts';
import { embeddingTable } from './embedding-parameters.ts';

/** `POST /v1/embeddings`: the worker speaks the same API, so its answer passes as it is. */
export function createEmbeddings(exchange: DataExchange, policy: SurfacePolicy): Forwarded {
  const { honoured, ignored } = checkParameters(embeddingTable, readBody(exchange.body));
  return {
    request: {
      requestId: exchange.requestId,
      principal: exchange.principal,
      endpoint: 'embeddings',
      workerPath: '/v1/embeddings',
      task: 'embedding',
      model: modelNameOf(policy, exchange.principal, String(honoured.model)),
      body: honoured,
      stream: false,
      clientWantsUsage: true,
      reserveTokens: reserveTokens(exchange.body.length, 0, 1),
      priority: priorityOf(exchange),
    },
    sink: createByteSink(exchange, { stream: false, ignored, promptField: 'input' }),
  };
}
