import type { ChatCompletionChunk, ChatCompletionTokenLogprob } from 'openai/resources/chat/completions';
import type { EventStream } from '../../worker-http/event-stream.ts';
import type { AnswerWriter } from '../answer/run-answer.ts';
import type { AnswerPart } from '../tools/answer-part.ts';
import type { AnswerHead } from './answer-head.ts';
import type { Delivery } from './stream-options.ts';

type Delta = ChatCompletionChunk.Choice.Delta & { reasoning_content?: string };

/** A chat answer as server-sent events. */
export function createChatEventWriter(
  events: EventStream,
  head: AnswerHead,
  delivery: Delivery,
  choices: number,
): AnswerWriter {
  const begun = Array.from({ length: choices }, () => false);
  const chunk = (rest: Pick<ChatCompletionChunk, 'choices'> & Partial<ChatCompletionChunk>) =>
    ({
      id: head.id,
      object: 'chat.completion.chunk',
      created: head.created,
      model: head.model,
      system_fingerprint: head.systemFingerprint,
      ...(delivery.clientUsage ? { usage: null } : {}),
      ...rest,
    }) satisfies ChatCompletionChunk;
  const send = (index: number, delta: Delta, logprobs: readonly ChatCompletionTokenLogprob[]) =>
    events.send(
      chunk({
        choices: [
          {
            index,
            delta,
            logprobs: logprobs.length > 0 ? { content: [...logprobs], refusal: null } : null,
            finish_reason: null,
          },
        ],
      }),
    );
  const begin = (index: number) => {
    if (begun[index]) return;
    begun[index] = true;
    send(index, { role: 'assistant', content: '', refusal: null }, []);
  };

  return {
    parts(index, parts, logprobs) {
      begin(index);
      // The log-probabilities of a piece travel with its first event.
      let left = logprobs;
      for (const part of parts.length > 0 ? parts : [{ kind: 'text' as const, text: '' }]) {
        send(index, partDelta(part), left);
        left = [];
      }
    },
    choiceEnd(index, end) {
      begin(index);
      events.send(
        chunk({ choices: [{ index, delta: {}, logprobs: null, finish_reason: end.finishReason }] }),
      );
    },
    complete({ usage, samovar }) {
      if (delivery.clientUsage || delivery.gatewayUsage)
        events.send({ ...chunk({ choices: [], usage }), samovar });
      events.done();
    },
    isPaused: () => events.congested,
    onResume: (callback) => events.onDrain(callback),
  };
}

function partDelta(part: AnswerPart): Delta {
  switch (part.kind) {
    case 'text':
      return { content: part.text };
    case 'reasoning':
      return { reasoning_content: part.text };
    case 'tool-call-start':
      return {
        tool_calls: [
          {
            index: part.index,
            id: part.id,
            type: 'function',
            function: { name: part.name, arguments: '' },
          },
        ],
      };
    case 'tool-call-arguments':
      return { tool_calls: [{ index: part.index, function: { arguments: part.delta } }] };
  }
}
