import type { Command } from 'commander';
import { runChat } from '../conversation/chat-loop.ts';
import { requireChatModel } from '../conversation/chat-models.ts';
import { createConversation } from '../conversation/conversation.ts';
import { printNews } from '../output/print-line.ts';
import { positiveCount, quantity } from '../parse-option.ts';
import { addServerOptions, clientFor, type Options } from '../server-options.ts';

interface ChatOptions extends Options {
  readonly model: string;
  readonly system?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
}

/** `samovar chat`: a conversation in the terminal. */
export function define(command: Command): void {
  addServerOptions(command)
    .option('-m, --model <model>', 'a model or an alias', 'chat-default')
    .option('-s, --system <text>', 'how the model shall behave')
    .option('--max-tokens <count>', 'longest answer', positiveCount)
    .option('--temperature <number>', '0 takes the likeliest word each time', quantity)
    .action(async (options: ChatOptions) => {
      const client = clientFor(options);
      // Tells at once when nothing answers or the model is unknown or does not converse, not after the first line.
      await requireChatModel(client, options.model);
      printNews(`Talking with ${options.model} at ${client.baseUrl}. /help tells what can be typed.`);
      await runChat(client, createConversation(client, samplingOf(options)));
    });
}

function samplingOf({ model, system, maxTokens, temperature }: ChatOptions) {
  return {
    model,
    ...(system !== undefined && { system }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { temperature }),
  };
}
