import Type from 'typebox';
import { withPrefix } from '../../../kernel/ids.ts';
import type {
  Operation,
  OperationKind,
  OperationState,
  OperationSummary,
} from '../../../modules/operations/index.ts';

export const operationKinds: readonly OperationKind[] = ['completion'];
export const operationStates: readonly OperationState[] = [
  'created',
  'running',
  'done',
  'failed',
  'cancelled',
  'expired',
];

const nothing = Type.Null();

const summaryFields = {
  id: Type.String({ examples: ['op_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c'] }),
  kind: Type.Enum([...operationKinds]),
  state: Type.Enum([...operationStates]),
  description: Type.String(),
  createdAt: Type.String(),
  createdBy: Type.String({ description: 'The key that asked for it.' }),
  modifiedAt: Type.String(),
  expiresAt: Type.String({
    description: 'When it expires, unless it ends before; when it is forgotten, once it has ended.',
  }),
  cancelRequested: Type.Boolean(),
  progress: Type.Union([
    Type.Object(
      { done: Type.Number(), total: Type.Union([Type.Number(), nothing]) },
      { additionalProperties: false },
    ),
    nothing,
  ]),
  metadata: Type.Record(Type.String(), Type.Unknown()),
  error: Type.Union([
    Type.Object(
      {
        code: Type.String(),
        message: Type.String(),
        params: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
      },
      { additionalProperties: false },
    ),
    nothing,
  ]),
};

const exampleSummary = {
  id: 'op_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  kind: 'completion',
  state: 'done',
  description: 'Async GPT Completion',
  createdAt: '2026-11-23T12:00:00.000Z',
  createdBy: 'key_019aaf0b7a107d3e9c4b5a6d7e8f9a0b',
  modifiedAt: '2026-11-23T12:00:02.150Z',
  expiresAt: '2026-11-26T12:00:02.150Z',
  cancelRequested: false,
  progress: null,
  metadata: { model: 'chat-default' },
  error: null,
};

export const operationPage = Type.Object(
  {
    items: Type.Array(Type.Object(summaryFields, { additionalProperties: false })),
    nextCursor: Type.Union([Type.String(), nothing]),
  },
  { additionalProperties: false, examples: [{ items: [exampleSummary], nextCursor: null }] },
);

export const operationObject = Type.Object(
  {
    ...summaryFields,
    response: Type.Union([Type.Record(Type.String(), Type.Unknown()), nothing], {
      description:
        'Present when done. Of a completion: the answer in the published OpenAI shape, the token counts, the model.',
    }),
  },
  {
    additionalProperties: false,
    examples: [
      {
        ...exampleSummary,
        response: {
          answer: {
            object: 'chat.completion',
            choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
          },
          counts: {
            inputTokens: 12,
            cachedInputTokens: 0,
            outputTokens: 3,
            reasoningTokens: 0,
            estimated: false,
          },
          model: 'smollm2-135m-instruct',
          versionId: '019aaf0b-0000-7000-8000-000000000000',
        },
      },
    ],
  },
);

export function operationSummaryOf(operation: OperationSummary) {
  return {
    id: withPrefix('op', operation.id),
    kind: operation.kind,
    state: operation.state,
    description: operation.description,
    createdAt: operation.createdAt.toISOString(),
    createdBy: withPrefix('key', operation.createdBy),
    modifiedAt: operation.modifiedAt.toISOString(),
    expiresAt: operation.expiresAt.toISOString(),
    cancelRequested: operation.cancelRequested,
    progress: operation.progress,
    metadata: operation.metadata,
    error: operation.failure,
  };
}

export function operationObjectOf(operation: Operation) {
  return { ...operationSummaryOf(operation), response: operation.response };
}
