import { create } from '@bufbuild/protobuf';
import {
  GetApiEndpointRequestSchema,
  ListApiEndpointsRequestSchema,
} from '@samovar/contract/generated/yandex/cloud/endpoint/api_endpoint_service_pb';
import {
  CancelOperationRequestSchema,
  GetOperationRequestSchema,
} from '@samovar/contract/generated/yandex/cloud/operation/operation_service_pb';
import type { BoundRoute } from '../../kernel/ports/http-routes.ts';
import { classifyMethod, fewShotClassifyMethod } from './classification/classification-methods.ts';
import { batchCompletionMethod } from './completion/batch-completion.ts';
import { completionMethod } from './completion/complete.ts';
import { asyncCompletionMethod } from './completion/submit-completion.ts';
import { textEmbeddingMethod } from './embedding/embed-text.ts';
import { getEndpointMethod, listEndpointsMethod } from './endpoint/endpoint-methods.ts';
import type { FoundationModelsSurface } from './foundation-models-surface.ts';
import { cancelOperationMethod, getOperationMethod } from './operation/operation-methods.ts';
import { restReadRoute } from './rest/rest-read-route.ts';
import { restRoute } from './rest/rest-route.ts';
import {
  classificationAnswer,
  classificationRequest,
  fewShotClassificationRequest,
} from './schemas/classification-schema.ts';
import { batchCompletionRequest, completionAnswer, completionRequest } from './schemas/completion-schema.ts';
import { textEmbeddingAnswer, textEmbeddingRequest } from './schemas/embedding-schema.ts';
import { endpointAnswer, endpointListAnswer, endpointParams } from './schemas/endpoint-schema.ts';
import { inferenceStatuses, statusErrors, streamErrors } from './schemas/error-schema.ts';
import { operationAnswer, operationParams } from './schemas/operation-schema.ts';
import { tokenizeAnswer, tokenizeRequest } from './schemas/tokenizer-schema.ts';
import { tokenizeCompletionMethod, tokenizeMethod } from './tokenizer/tokenizer-methods.ts';

const tag = 'Foundation Models';

/** The routes of the Foundation Models API: its methods over REST. */
export function foundationModelsRoutes(surface: FoundationModelsSurface): BoundRoute[] {
  return [
    ...completionRoutes(surface),
    ...tokenizerRoutes(surface),
    restRoute(textEmbeddingMethod(surface), {
      path: '/foundationModels/v1/textEmbedding',
      tag,
      body: textEmbeddingRequest,
      responses: {
        200: { description: 'The vector.', schema: textEmbeddingAnswer },
        ...statusErrors(...inferenceStatuses),
      },
    }),
    ...classificationRoutes(surface),
    ...operationRoutes(surface),
    ...endpointRoutes(surface),
  ];
}

function completionRoutes(surface: FoundationModelsSurface): BoundRoute[] {
  return [
    restRoute(completionMethod(surface), {
      path: '/foundationModels/v1/completion',
      tag,
      body: completionRequest,
      responses: {
        200: { description: 'The answer, or a line for each message of it.', schema: completionAnswer },
        ...streamErrors(...inferenceStatuses),
      },
    }),
    restRoute(asyncCompletionMethod(surface), {
      path: '/foundationModels/v1/completionAsync',
      tag,
      description: 'Repeating the call with the same header `Idempotency-Key` gives the same operation.',
      body: completionRequest,
      responses: {
        200: { description: 'Its operation: read it until it is done.', schema: operationAnswer },
        ...statusErrors(400, 401, 403, 404, 408, 409, 413, 415, 429, 500, 503),
      },
    }),
    restRoute(batchCompletionMethod(surface), {
      path: '/foundationModels/v1/completionBatch',
      tag,
      body: batchCompletionRequest,
      responses: {
        200: { description: 'Never: the call is part of the API and not served.', schema: operationAnswer },
        ...statusErrors(400, 401, 403, 408, 413, 415, 500, 501, 503),
      },
    }),
  ];
}

function tokenizerRoutes(surface: FoundationModelsSurface): BoundRoute[] {
  return [
    restRoute(tokenizeMethod(surface), {
      path: '/foundationModels/v1/tokenize',
      tag,
      body: tokenizeRequest,
      responses: {
        200: { description: 'The tokens.', schema: tokenizeAnswer },
        ...statusErrors(...inferenceStatuses),
      },
    }),
    restRoute(tokenizeCompletionMethod(surface), {
      path: '/foundationModels/v1/tokenizeCompletion',
      tag,
      body: completionRequest,
      responses: {
        200: { description: 'The tokens of the whole prompt.', schema: tokenizeAnswer },
        ...statusErrors(...inferenceStatuses),
      },
    }),
  ];
}

function classificationRoutes(surface: FoundationModelsSurface): BoundRoute[] {
  const responses = {
    200: { description: 'A confidence for each class.', schema: classificationAnswer },
    ...statusErrors(...inferenceStatuses),
  };
  return [
    restRoute(classifyMethod(surface), {
      path: '/foundationModels/v1/textClassification',
      tag,
      body: classificationRequest,
      responses,
    }),
    restRoute(fewShotClassifyMethod(surface), {
      path: '/foundationModels/v1/fewShotTextClassification',
      tag,
      body: fewShotClassificationRequest,
      responses,
    }),
  ];
}

function operationRoutes(surface: FoundationModelsSurface): BoundRoute[] {
  const parts = {
    tag: 'Operations',
    params: operationParams,
    responses: {
      200: { description: 'The operation.', schema: operationAnswer },
      ...statusErrors(400, 401, 403, 404, 500, 503),
    },
  };
  return [
    restReadRoute(getOperationMethod(surface), {
      ...parts,
      path: '/operations/{operationId}',
      requestOf: ({ params }) => create(GetOperationRequestSchema, params),
    }),
    restReadRoute(cancelOperationMethod(surface), {
      ...parts,
      path: '/operations/{operationId}:cancel',
      requestOf: ({ params }) => create(CancelOperationRequestSchema, params),
    }),
  ];
}

function endpointRoutes(surface: FoundationModelsSurface): BoundRoute[] {
  return [
    restReadRoute(listEndpointsMethod(surface), {
      path: '/endpoints',
      tag,
      responses: {
        200: { description: 'All of them.', schema: endpointListAnswer },
        ...statusErrors(500),
      },
      requestOf: () => create(ListApiEndpointsRequestSchema),
    }),
    restReadRoute(getEndpointMethod(surface), {
      path: '/endpoints/{apiEndpointId}',
      tag,
      params: endpointParams,
      responses: {
        200: { description: 'The endpoint.', schema: endpointAnswer },
        ...statusErrors(400, 404, 500),
      },
      requestOf: ({ params }) => create(GetApiEndpointRequestSchema, params),
    }),
  ];
}
