import Type from 'typebox';
import { answerObject, closed, completionUsage, nullable, oneOf } from './answer-pieces.ts';

const logprobs = nullable(
  Type.Object(
    {
      tokens: Type.Array(Type.String()),
      token_logprobs: Type.Array(nullable(Type.Number())),
      top_logprobs: nullable(Type.Array(nullable(Type.Record(Type.String(), Type.Number())))),
      text_offset: Type.Array(Type.Integer()),
    },
    closed,
  ),
);

function textCompletion(finishReason: ReturnType<typeof nullable> | ReturnType<typeof oneOf>) {
  return Type.Object(
    { index: Type.Integer(), text: Type.String(), logprobs, finish_reason: finishReason },
    closed,
  );
}

const finished = oneOf('stop', 'length', 'content_filter');

/** `text_completion`, as published. */
export const completion = answerObject('text_completion', {
  choices: Type.Array(textCompletion(finished)),
  usage: completionUsage,
});

/** An event of a streamed `text_completion`: `finish_reason` is null until the last one of a choice. */
export const completionEvent = answerObject('text_completion', {
  choices: Type.Array(textCompletion(nullable(finished))),
  usage: Type.Optional(nullable(completionUsage)),
});
