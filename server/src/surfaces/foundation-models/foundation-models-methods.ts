import type { BoundGrpcMethod } from '../../kernel/ports/message-exchange.ts';
import { classifyMethod, fewShotClassifyMethod } from './classification/classification-methods.ts';
import { batchCompletionMethod } from './completion/batch-completion.ts';
import { completionMethod } from './completion/complete.ts';
import { asyncCompletionMethod } from './completion/submit-completion.ts';
import { textEmbeddingMethod } from './embedding/embed-text.ts';
import { getEndpointMethod, listEndpointsMethod } from './endpoint/endpoint-methods.ts';
import type { FoundationModelsSurface } from './foundation-models-surface.ts';
import { cancelOperationMethod, getOperationMethod } from './operation/operation-methods.ts';
import { tokenizeCompletionMethod, tokenizeMethod } from './tokenizer/tokenizer-methods.ts';

/** The methods of the Foundation Models API, as the gRPC server takes them. */
export function foundationModelsMethods(surface: FoundationModelsSurface): BoundGrpcMethod[] {
  return [
    completionMethod(surface),
    asyncCompletionMethod(surface),
    batchCompletionMethod(surface),
    tokenizeMethod(surface),
    tokenizeCompletionMethod(surface),
    textEmbeddingMethod(surface),
    classifyMethod(surface),
    fewShotClassifyMethod(surface),
    getOperationMethod(surface),
    cancelOperationMethod(surface),
    listEndpointsMethod(surface),
    getEndpointMethod(surface),
  ];
}
