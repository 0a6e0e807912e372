import type { Command } from 'commander';
import { CommandError, exitStatus } from '../command-error.ts';
import { readPiped } from '../conversation/read-piped.ts';
import { type Message, streamAnswer } from '../conversation/stream-answer.ts';
import { printAnswer } from '../output/print-answer.ts';
import { printJson } from '../output/print-json.ts';
import { printNews } from '../output/print-line.ts';
import { positiveCount, quantity } from '../parse-option.ts';
import { addServerOptions, clientFor, type Options } from '../server-options.ts';

/** How long the standard input may be silent beside a question that stands in the command. */
const patienceMs = 3_000;

interface AskOptions extends Options {
  readonly model: string;
  readonly system?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly json?: boolean;
  /** Absent: read when something comes. */
  readonly stdin?: boolean;
}

/** `samovar ask "…"`: one question, its answer on the standard output as it comes. */
export function define(command: Command): void {
  // Both write the same option, so which of them were given is told only by their events.
  const given = new Set<string>();
  for (const option of ['stdin', 'no-stdin']) command.on(`option:${option}`, () => given.add(option));
  addServerOptions(command)
    .argument('[question...]', 'what to ask; what comes on the standard input is put after it')
    .option('-m, --model <model>', 'a model or an alias', 'chat-default')
    .option('-s, --system <text>', 'how the model shall behave')
    .option('--max-tokens <count>', 'longest answer', positiveCount)
    .option('--temperature <number>', '0 takes the likeliest word each time', quantity)
    .option('--stdin', 'wait for the end of the standard input, however long it is silent')
    .option('--no-stdin', 'leave the standard input alone')
    .option('--json', 'print JSON: the answer, the model, the reason of its end, the tokens')
    .action(async (words: readonly string[], options: AskOptions) => {
      if (given.size > 1)
        throw new CommandError(
          '`--stdin` and `--no-stdin` exclude each other.',
          'Leave one of them out.',
          exitStatus.usage,
        );
      const answer = await streamAnswer(
        clientFor(options),
        {
          model: options.model,
          messages: messagesOf(options.system, await questionOf(words, options.stdin)),
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

async function questionOf(words: readonly string[], stdin: boolean | undefined): Promise<string> {
  const written = words.join(' ').trim();
  const piped = stdin === false || process.stdin.isTTY ? '' : await pipedText(written, stdin === true);
  const question = [written, piped].filter((part) => part !== '').join('\n\n');
  if (question !== '') return question;
  throw new CommandError(
    'There is nothing to ask.',
    'Write it behind the command, `samovar ask "Why is the sky blue?"`, or pipe it in.',
    exitStatus.usage,
  );
}

/** Somebody who pipes nothing in, yet left a pipe open, is told what is done about it. */
async function pipedText(written: string, patient: boolean): Promise<string> {
  const piped = await readPiped(written === '' || patient ? null : patienceMs);
  if (piped !== null) return piped.trim();
  printNews(
    `The standard input was silent for ${patienceMs / 1000} seconds, so the question goes without it. \`--stdin\` waits for it, \`--no-stdin\` does not look.`,
  );
  return '';
}
