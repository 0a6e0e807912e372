import type { ApiClient } from '../api-client.ts';
import { CommandError } from '../command-error.ts';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface Question {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly maxTokens?: number;
  readonly temperature?: number;
}

export interface Answer {
  readonly text: string;
  /** The model that answered; an alias is resolved. */
  readonly model: string;
  /** Why it ended: `stop`, `length`, …; `null` when it was stopped from here. */
  readonly finishReason: string | null;
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number } | null;
}

/** The parts of a published chat completion chunk that are read here. */
interface Chunk {
  readonly model?: string;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
  readonly error?: { readonly message?: string };
  readonly samovar?: { readonly remedy?: string };
}

/**
 * Asks, and hands over the pieces of the answer as they come. Aborting the signal ends the answer early with what has
 * come so far. Throws a CommandError for what the server refuses, also in the middle of an answer.
 */
export async function streamAnswer(
  client: ApiClient,
  question: Question,
  onText: (text: string) => void,
  signal?: AbortSignal,
): Promise<Answer> {
  let answer: Answer = { text: '', model: question.model, finishReason: null, usage: null };
  try {
    for await (const data of client.stream('/v1/chat/completions', requestOf(question), signal)) {
      const chunk = JSON.parse(data) as Chunk;
      if (chunk.error)
        throw new CommandError(
          chunk.error.message ?? 'The answer broke off.',
          chunk.samovar?.remedy ?? '`samovar logs api` has the details.',
        );
      const choice = chunk.choices?.[0];
      const text = choice?.delta?.content ?? '';
      if (text !== '') onText(text);
      answer = {
        text: answer.text + text,
        model: chunk.model ?? answer.model,
        finishReason: choice?.finish_reason ?? answer.finishReason,
        usage: chunk.usage
          ? { promptTokens: chunk.usage.prompt_tokens, completionTokens: chunk.usage.completion_tokens }
          : answer.usage,
      };
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
  return answer;
}

function requestOf(question: Question): object {
  return {
    model: question.model,
    messages: question.messages,
    stream: true,
    stream_options: { include_usage: true },
    ...(question.maxTokens !== undefined && { max_completion_tokens: question.maxTokens }),
    ...(question.temperature !== undefined && { temperature: question.temperature }),
  };
}
