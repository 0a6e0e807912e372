import Type from 'typebox';
import { closed, int64Answer, nullable, oneOf, optional, struct } from './schema-pieces.ts';

/** Messages of a conversation and the tools in it. */

const toolCallList = Type.Object(
  {
    toolCalls: Type.Array(
      Type.Object(
        { functionCall: Type.Object({ name: Type.String(), arguments: nullable(struct) }, closed) },
        closed,
      ),
    ),
  },
  closed,
);

const toolResultList = Type.Object(
  {
    toolResults: Type.Array(
      Type.Object(
        { functionResult: Type.Object({ name: Type.String(), content: Type.String() }, closed) },
        closed,
      ),
      { minItems: 1 },
    ),
  },
  closed,
);

export const message = Type.Object(
  {
    role: oneOf('system', 'user', 'assistant'),
    text: Type.Optional(Type.String()),
    toolCallList: Type.Optional(toolCallList),
    toolResultList: Type.Optional(toolResultList),
  },
  { ...closed, description: 'With exactly one of `text`, `toolCallList` and `toolResultList`.' },
);

export const tool = Type.Object(
  {
    function: Type.Object(
      {
        name: Type.String({ pattern: '^[a-zA-Z0-9_-]{1,64}$' }),
        description: Type.Optional(Type.String({ maxLength: 20_000 })),
        parameters: optional(struct),
        strict: Type.Optional(Type.Boolean()),
      },
      closed,
    ),
  },
  closed,
);

export const toolChoice = Type.Object(
  {
    mode: Type.Optional(oneOf('TOOL_CHOICE_MODE_UNSPECIFIED', 'NONE', 'AUTO', 'REQUIRED')),
    functionName: Type.Optional(Type.String()),
  },
  { ...closed, description: 'With `mode` or `functionName`.' },
);

export const usage = Type.Object(
  {
    inputTextTokens: int64Answer,
    completionTokens: int64Answer,
    totalTokens: int64Answer,
    completionTokensDetails: Type.Object({ reasoningTokens: int64Answer }, closed),
  },
  { ...closed, description: 'Zeros until the last message.' },
);

export const alternative = Type.Object(
  {
    message,
    status: oneOf(
      'ALTERNATIVE_STATUS_PARTIAL',
      'ALTERNATIVE_STATUS_TRUNCATED_FINAL',
      'ALTERNATIVE_STATUS_FINAL',
      'ALTERNATIVE_STATUS_CONTENT_FILTER',
      'ALTERNATIVE_STATUS_TOOL_CALLS',
    ),
  },
  closed,
);
