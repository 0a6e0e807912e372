import type { ApiClient } from '../api-client.ts';
import { type Answer, type Message, streamAnswer } from './stream-answer.ts';

export interface Conversation {
  readonly model: string;
  /** Asks in the light of what was said before. A failed question is forgotten, a stopped answer is kept as far as it came. */
  ask(text: string, onText: (text: string) => void, signal: AbortSignal): Promise<Answer>;
  /** Goes on with another model; what was said stays. */
  switchModel(model: string): void;
  /** Forgets what was said, not how the model shall behave. */
  reset(): void;
}

export interface ConversationOptions {
  readonly model: string;
  readonly system?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
}

/** A conversation whose history lives in this process. */
export function createConversation(client: ApiClient, options: ConversationOptions): Conversation {
  const { system, ...sampling } = options;
  const opening: readonly Message[] = system === undefined ? [] : [{ role: 'system', content: system }];
  let model = options.model;
  let said: readonly Message[] = opening;
  return {
    get model() {
      return model;
    },
    async ask(text, onText, signal) {
      const messages: readonly Message[] = [...said, { role: 'user', content: text }];
      const answer = await streamAnswer(client, { ...sampling, model, messages }, onText, signal);
      if (answer.text !== '') said = [...messages, { role: 'assistant', content: answer.text }];
      return answer;
    },
    switchModel(next) {
      model = next;
    },
    reset() {
      said = opening;
    },
  };
}
