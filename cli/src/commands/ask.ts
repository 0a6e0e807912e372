import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { CommandError, exitStatus } from '../command-error.ts';
import { type Message, streamAnswer } from '../conversation/stream-answer.ts';
import { printAnswer } from '../output/print-answer.ts';
import { printJson } from '../output/print-json.ts';
import { printNews } from '../output/print-line.ts';
import { positiveCount, quantity } from '../parse-option.ts';
import { addServerOptions, clientFor, type Options } from '../server-options.ts';

const hintAfterMs = 2_000;

interface AskOptions extends Options {
  readonly model: string;
  readonly system?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly json?: boolean;
}

/** `samovar ask "…"`: one question, its answer on the standard output as it comes. */
export function define(command: Command): void {
  addServerOptions(command)
    .argument('[question...]', 'what to ask; what comes on the standard input is put after it')
    .option('-m, --model <model>', 'a model or an alias', 'chat-default')
    .option('-s, --system <text>', 'how the model shall behave')
    .option('--max-tokens <count>', 'longest answer', positiveCount)
    .option('--temperature <number>', '0 takes the likeliest word each time', quantity)
    .option('--json', 'print JSON: the answer, the model, the reason of its end, the tokens')
    .action(async (words: readonly string[], options: AskOptions) => {
      const answer = await streamAnswer(
        clientFor(options),
        {
          model: options.model,
          messages: messagesOf(options.system, await questionOf(words)),
          ...(options.maxTokens !== undefined && { maxTokens: options.maxTokens }),
          ...(options.temperature !== undefined && { temperature: options.temperature }),
        },
        (piece) => {
          if (!options.json) printAnswer(piece);
        },
      );
      if (options.json) {
        const { text: content, ...others } = answer;
        printJson({ answer: content, ...others });
        return;
      }
      process.stdout.write('\n');
      if (answer.finishReason === 'length') printNews('The answer was cut: it reached the longest length.');
    });
}

function messagesOf(system: string | undefined, question: string): Message[] {
  const user: Message = { role: 'user', content: question };
  return system === undefined ? [user] : [{ role: 'system', content: system }, user];
}

async function questionOf(words: readonly string[]): Promise<string> {
  const piped = process.stdin.isTTY ? '' : await pipedText();
  const question = [words.join(' ').trim(), piped].filter((part) => part !== '').join('\n\n');
  if (question !== '') return question;
  throw new CommandError(
    'There is nothing to ask.',
    'Write it behind the command, `samovar ask "Why is the sky blue?"`, or pipe it in.',
    exitStatus.usage,
  );
}

/** Somebody who pipes nothing in, yet left a pipe open, is told what is waited for. */
async function pipedText(): Promise<string> {
  const hint = setTimeout(
    () => printNews('Reading the standard input to its end; `< /dev/null` leaves it out.'),
    hintAfterMs,
  );
  try {
    return (await text(process.stdin)).trim();
  } finally {
    clearTimeout(hint);
  }
}
