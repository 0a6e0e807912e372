import Type from 'typebox';
import { answerObject, chatLogprobs, closed, completionUsage, nullable, oneOf } from './answer-pieces.ts';

const finishReason = oneOf('stop', 'length', 'tool_calls', 'content_filter');

const toolCall = Type.Object(
  {
    id: Type.String(),
    type: Type.Literal('function'),
    function: Type.Object({ name: Type.String(), arguments: Type.String() }, closed),
  },
  closed,
);

const message = Type.Object(
  {
    role: Type.Literal('assistant'),
    content: nullable(Type.String()),
    refusal: nullable(Type.String()),
    reasoning_content: Type.Optional(nullable(Type.String())),
    annotations: Type.Optional(Type.Array(Type.Unknown())),
    tool_calls: Type.Optional(Type.Array(toolCall, { minItems: 1 })),
  },
  closed,
);

/** `chat.completion`, as published. */
export const chatCompletion = answerObject('chat.completion', {
  choices: Type.Array(
    Type.Object(
      { index: Type.Integer(), message, logprobs: chatLogprobs, finish_reason: finishReason },
      closed,
    ),
  ),
  usage: completionUsage,
});

const toolCallDelta = Type.Object(
  {
    index: Type.Integer(),
    id: Type.Optional(Type.String()),
    type: Type.Optional(Type.Literal('function')),
    function: Type.Optional(
      Type.Object({ name: Type.Optional(Type.String()), arguments: Type.Optional(Type.String()) }, closed),
    ),
  },
  closed,
);

const delta = Type.Object(
  {
    role: Type.Optional(Type.Literal('assistant')),
    content: Type.Optional(nullable(Type.String())),
    refusal: Type.Optional(nullable(Type.String())),
    reasoning_content: Type.Optional(nullable(Type.String())),
    tool_calls: Type.Optional(Type.Array(toolCallDelta)),
  },
  closed,
);

/** `chat.completion.chunk`, as published. */
export const chatCompletionChunk = answerObject('chat.completion.chunk', {
  choices: Type.Array(
    Type.Object(
      {
        index: Type.Integer(),
        delta,
        logprobs: Type.Optional(chatLogprobs),
        finish_reason: nullable(finishReason),
      },
      closed,
    ),
  ),
  usage: Type.Optional(nullable(completionUsage)),
});
