import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionTokenLogprob,
} from 'openai/resources/chat/completions';

/** What a model wrote next, whichever form it came in. */
export interface ChatDelta {
  readonly reasoning: string;
  readonly text: string;
  readonly logprobs: readonly ChatCompletionTokenLogprob[];
  readonly calls: readonly CallDelta[];
  readonly finishReason: string | null;
}

export interface CallDelta {
  readonly index: number;
  readonly id: string | null;
  readonly name: string | null;
  readonly arguments: string;
}

/** Open engines spell reasoning in one of two ways. */
interface Reasoned {
  readonly reasoning_content?: string | null;
  readonly reasoning?: string | null;
}

/** The delta of a stream's event; `null` for an event without a choice, such as the one with the usage. */
export function deltaOfChunk(chunk: Pick<ChatCompletionChunk, 'choices'>): ChatDelta | null {
  const choice = chunk.choices[0];
  if (choice === undefined) return null;
  const delta: typeof choice.delta & Reasoned = choice.delta;
  return {
    reasoning: reasoningOf(delta),
    text: delta.content ?? delta.refusal ?? '',
    logprobs: choice.logprobs?.content ?? [],
    calls: (delta.tool_calls ?? []).map((call) => ({
      index: call.index,
      id: call.id ?? null,
      name: call.function?.name ?? null,
      arguments: call.function?.arguments ?? '',
    })),
    finishReason: choice.finish_reason ?? null,
  };
}

/** A whole answer as one delta. */
export function deltaOfAnswer(answer: Pick<ChatCompletion, 'choices'>): ChatDelta | null {
  const choice = answer.choices[0];
  if (choice === undefined) return null;
  const message: typeof choice.message & Reasoned = choice.message;
  return {
    reasoning: reasoningOf(message),
    text: message.content ?? message.refusal ?? '',
    logprobs: choice.logprobs?.content ?? [],
    calls: (message.tool_calls ?? []).flatMap((call, index) =>
      call.type === 'function'
        ? [{ index, id: call.id, name: call.function.name, arguments: call.function.arguments }]
        : [],
    ),
    finishReason: choice.finish_reason,
  };
}

function reasoningOf(delta: Reasoned): string {
  return delta.reasoning_content ?? delta.reasoning ?? '';
}
