import type {
  ChatCompletion,
  ChatCompletionMessage,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionTokenLogprob,
} from 'openai/resources/chat/completions';
import type { WorkerExchange } from '../../worker-http/worker-route.ts';
import type { ChoiceEnd } from '../answer/choice.ts';
import type { AnswerWriter } from '../answer/run-answer.ts';
import type { AnswerPart } from '../tools/answer-part.ts';
import type { AnswerHead } from './answer-head.ts';

interface CollectedChoice {
  content: string;
  reasoning: string;
  readonly calls: ChatCompletionMessageFunctionToolCall[];
  readonly logprobs: ChatCompletionTokenLogprob[];
  finishReason: ChoiceEnd['finishReason'];
}

/** A chat answer as one object. */
export function createChatObjectWriter(
  exchange: WorkerExchange,
  head: AnswerHead,
  choices: number,
  wantsLogprobs: boolean,
): AnswerWriter {
  const collected = Array.from(
    { length: choices },
    (): CollectedChoice => ({ content: '', reasoning: '', calls: [], logprobs: [], finishReason: 'stop' }),
  );
  return {
    parts(index, parts, logprobs) {
      const choice = collected[index];
      if (choice === undefined) return;
      choice.logprobs.push(...logprobs);
      for (const part of parts) collect(choice, part);
    },
    choiceEnd(index, end) {
      const choice = collected[index];
      if (choice !== undefined) choice.finishReason = end.finishReason;
    },
    complete({ usage, samovar }) {
      const answer: ChatCompletion = {
        id: head.id,
        object: 'chat.completion',
        created: head.created,
        model: head.model,
        choices: collected.map((choice, index) => ({
          index,
          message: messageOf(choice),
          logprobs: wantsLogprobs ? { content: choice.logprobs, refusal: null } : null,
          finish_reason: choice.finishReason,
        })),
        usage,
        system_fingerprint: head.systemFingerprint,
      };
      exchange.json(200, { ...answer, samovar });
    },
    isPaused: () => false,
    onResume: () => undefined,
  };
}

function collect(choice: CollectedChoice, part: AnswerPart): void {
  switch (part.kind) {
    case 'text':
      choice.content += part.text;
      break;
    case 'reasoning':
      choice.reasoning += part.text;
      break;
    case 'tool-call-start':
      choice.calls[part.index] = {
        id: part.id,
        type: 'function',
        function: { name: part.name, arguments: '' },
      };
      break;
    case 'tool-call-arguments': {
      const call = choice.calls[part.index];
      if (call !== undefined) call.function.arguments += part.delta;
      break;
    }
  }
}

function messageOf(choice: CollectedChoice): ChatCompletionMessage & { reasoning_content?: string } {
  const calls = choice.calls.length > 0;
  return {
    role: 'assistant',
    content: calls && choice.content === '' ? null : choice.content,
    refusal: null,
    ...(choice.reasoning === '' ? {} : { reasoning_content: choice.reasoning }),
    ...(calls ? { tool_calls: choice.calls } : {}),
  };
}
