import { chatCompletion } from '@samovar/contract/answers/chat-answer-schema';
import { completion } from '@samovar/contract/answers/completion-answer-schema';
import { embeddingList } from '@samovar/contract/answers/embedding-answer-schema';
import type { Route } from '@samovar/contract/route';
import Type, { type TSchema } from 'typebox';
import { SamovarError } from '../../kernel/errors.ts';
import type {
  BoundRoute,
  DataExchange,
  DataRefusal,
  ManagementReply,
  ManagementRequest,
} from '../../kernel/ports/http-routes.ts';
import type { NewerPolicy } from '../../kernel/ports/newer-policy.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { Endpoint, MeterRefused, StartInference } from '../../modules/inference/index.ts';
import { answerHeaderTexts } from './answer-header-texts.ts';
import { bodySchema } from './body-schema.ts';
import { chatExamples } from './chat/chat-example.ts';
import { chatParameters } from './chat/chat-parameters.ts';
import { createChatCompletion } from './chat/create-chat-completion.ts';
import { completionExamples } from './completions/completion-example.ts';
import { completionParameters } from './completions/completion-parameters.ts';
import { createCompletion } from './completions/create-completion.ts';
import { createEmbeddings } from './embeddings/create-embeddings.ts';
import { embeddingExamples } from './embeddings/embedding-example.ts';
import { embeddingParameters } from './embeddings/embedding-parameters.ts';
import { errorResponses, inferenceErrors, readErrors } from './error-responses.ts';
import { type Forwarded, forward } from './forward.ts';
import type { InferenceExamples } from './inference-examples.ts';
import { createModelList, retrieveModel } from './models/list-models.ts';
import { modelList, modelObject } from './models/model-schema.ts';
import { nowOrWithNewer } from './now-or-with-newer.ts';
import { openaiErrorBody } from './openai-error.ts';
import type { ParameterTable } from './parameter.ts';
import { requestedModel } from './requested-model.ts';
import { createResponse } from './responses/create-response.ts';
import { responseAnswer } from './responses/response-answer-schema.ts';
import { responseExamples } from './responses/response-example.ts';
import { responseParameters } from './responses/response-parameters.ts';
import type { SurfacePolicy } from './surface-policy.ts';

export interface OpenaiSurface {
  readonly startInference: StartInference;
  readonly meterRefused: MeterRefused;
  /** The policy snapshot of the moment. */
  policy(): SurfacePolicy;
  readonly newerPolicy: NewerPolicy;
}

/** The routes of the OpenAI-compatible API. */
export function openaiRoutes(surface: OpenaiSurface): BoundRoute[] {
  return [...modelRoutes(surface), ...inferenceRoutes(surface)];
}

function modelRoutes({ policy, newerPolicy }: OpenaiSurface): BoundRoute[] {
  const read = {
    method: 'GET',
    lane: 'management',
    permission: 'models.read',
    audit: null,
    tag: 'Models',
  } as const;
  const listModels = createModelList();
  return [
    {
      route: {
        ...read,
        id: 'openai.models.list',
        path: '/v1/models',
        summary: 'List models and aliases',
        description:
          'By name; a caller that names its own project in the header `OpenAI-Project` gets their URIs as ids. All of them, unless a page is asked for.',
        query: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
          after: Type.Optional(Type.String({ description: 'The id of the last model of the page before.' })),
        }),
        responses: { 200: { description: 'Models, then aliases.', schema: modelList }, ...readErrors },
      },
      errorBody: openaiErrorBody,
      handle: async (request: ManagementRequest) =>
        ok(
          listModels(policy(), scopeOf(request), {
            folder: request.headers['openai-project'],
            limit: typeof request.query.limit === 'number' ? request.query.limit : null,
            after: typeof request.query.after === 'string' ? request.query.after : null,
          }),
        ),
    },
    {
      route: {
        ...read,
        id: 'openai.models.retrieve',
        path: '/v1/models/{model+}',
        summary: 'Retrieve a model or an alias',
        params: Type.Object({ model: Type.String({ minLength: 1 }) }),
        responses: {
          200: { description: 'The model.', schema: modelObject },
          ...readErrors,
          ...errorResponses(400, 404),
        },
      },
      errorBody: openaiErrorBody,
      async handle(request: ManagementRequest) {
        const retrieve = () => ok(retrieveModel(policy(), scopeOf(request), request.params.model ?? ''));
        try {
          return retrieve();
        } catch (thrown) {
          if (await newerPolicy(thrown)) return retrieve();
          throw thrown;
        }
      },
    },
  ];
}

function inferenceRoutes(surface: OpenaiSurface): BoundRoute[] {
  return [
    bind(
      surface,
      'chat.completions',
      inferenceRoute({
        id: 'openai.chat-completions.create',
        path: '/v1/chat/completions',
        tag: 'Chat',
        summary: 'Create a chat completion',
        parameters: chatParameters,
        answer: chatCompletion,
        examples: chatExamples,
      }),
      (exchange) => createChatCompletion(exchange, surface.policy()),
    ),
    bind(
      surface,
      'completions',
      inferenceRoute({
        id: 'openai.completions.create',
        path: '/v1/completions',
        tag: 'Completions',
        summary: 'Complete a text',
        parameters: completionParameters,
        answer: completion,
        examples: completionExamples,
      }),
      (exchange) => createCompletion(exchange, surface.policy()),
    ),
    bind(
      surface,
      'embeddings',
      inferenceRoute({
        id: 'openai.embeddings.create',
        path: '/v1/embeddings',
        tag: 'Embeddings',
        summary: 'Embed texts',
        parameters: embeddingParameters,
        answer: embeddingList,
        examples: embeddingExamples,
      }),
      (exchange) => createEmbeddings(exchange, surface.policy()),
    ),
    bind(
      surface,
      'responses',
      inferenceRoute({
        id: 'openai.responses.create',
        path: '/v1/responses',
        tag: 'Responses',
        summary: 'Create a response, stateless',
        parameters: responseParameters,
        answer: responseAnswer,
        examples: responseExamples,
      }),
      (exchange) => createResponse(exchange, surface.policy()),
    ),
  ];
}

interface InferenceRouteParts {
  readonly id: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly parameters: ParameterTable;
  readonly answer: TSchema;
  readonly examples: InferenceExamples;
}

function inferenceRoute(parts: InferenceRouteParts): Route & { readonly lane: 'data' } {
  const { parameters, answer, examples, ...named } = parts;
  const { events } = examples;
  return {
    ...named,
    method: 'POST',
    lane: 'data',
    permission: 'inference.invoke',
    audit: null,
    body: bodySchema(parameters),
    bodyExample: examples.body,
    responses: {
      200: {
        description: events ? 'The answer, or a stream of its events.' : 'The answer.',
        schema: answer,
        example: examples.answer,
        headers: answerHeaderTexts,
        ...(events && { events }),
      },
      ...inferenceErrors,
    },
  };
}

function bind(
  surface: OpenaiSurface,
  endpoint: Endpoint,
  route: Route & { readonly lane: 'data' },
  translate: (exchange: DataExchange) => Forwarded,
): BoundRoute {
  return {
    route,
    errorBody: openaiErrorBody,
    handle: (exchange: DataExchange) =>
      nowOrWithNewer(surface.newerPolicy, exchange.answer, () =>
        forward(surface.startInference, exchange, translate(exchange)),
      ),
    refused: ({ requestId, principal, receivedAt, body, error }: DataRefusal) =>
      surface.meterRefused({
        requestId,
        principal,
        endpoint,
        model: requestedModel(body),
        durationMs: performance.now() - receivedAt,
        error,
      }),
  };
}

function ok(body: object): ManagementReply {
  return { status: 200, body };
}

function scopeOf({ principal }: ManagementRequest): Scope {
  if (principal === null) throw new SamovarError('access.key_missing');
  return principal;
}
