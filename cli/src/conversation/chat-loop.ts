import { createInterface, type Interface } from 'node:readline/promises';
import type { ApiClient } from '../api-client.ts';
import { CommandError, exitStatus } from '../command-error.ts';
import { printAnswer } from '../output/print-answer.ts';
import { printLine, printNews } from '../output/print-line.ts';
import { chatModels, requireChatModel } from './chat-models.ts';
import type { Conversation } from './conversation.ts';

const help = [
  '/model NAME   go on with another model; without a name: which there are',
  '/reset        forget what was said',
  '/help         this',
  'Ctrl-C stops an answer or empties the line, Ctrl-D leaves.',
].join('\n');

/** Reads lines from the terminal and answers each, until the input ends. */
export async function runChat(client: ApiClient, conversation: Conversation): Promise<void> {
  const atTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: atTerminal,
    prompt: atTerminal ? '> ' : '',
  });
  let running: AbortController | null = null;
  let ended = false;
  let interrupted = false;
  terminal.on('close', () => {
    ended = true;
    // Ctrl-D in the middle of an answer leaves at once.
    if (atTerminal) running?.abort();
  });
  terminal.on('SIGINT', () => {
    if (running) {
      running.abort();
      return;
    }
    if (terminal.line !== '') {
      emptyLine(terminal);
      interrupted = false;
      return;
    }
    process.stdout.write('\n');
    if (interrupted) {
      terminal.close();
      return;
    }
    interrupted = true;
    printNews('Ctrl-C once more, or Ctrl-D, leaves.');
    terminal.prompt();
  });
  terminal.prompt();
  for await (const line of terminal) {
    interrupted = false;
    running = new AbortController();
    try {
      await turn(client, conversation, line.trim(), running.signal);
    } catch (error) {
      // The conversation goes on after what a person can act on; without a server there is none.
      if (!(error instanceof CommandError) || error.status === exitStatus.notRunning) throw error;
      printNews(`${error.message}\n${error.remedy}`);
      // A script that pipes its questions in learns from the status that one of them failed.
      if (!atTerminal) process.exitCode = error.status;
    } finally {
      running = null;
    }
    if (!ended) terminal.prompt();
  }
  if (atTerminal) process.stdout.write('\n');
}

/** As Ctrl-C does at a shell: what was typed is taken back. */
function emptyLine(terminal: Interface): void {
  terminal.write(null, { ctrl: true, name: 'e' });
  terminal.write(null, { ctrl: true, name: 'u' });
}

async function turn(
  client: ApiClient,
  conversation: Conversation,
  line: string,
  signal: AbortSignal,
): Promise<void> {
  if (line === '') return;
  if (!line.startsWith('/')) return await answer(conversation, line, signal);
  const [word, ...others] = line.split(/\s+/);
  if (word === '/help') printLine(help);
  else if (word === '/reset') {
    conversation.reset();
    printLine('Forgotten.');
  } else if (word === '/model') await switchModel(client, conversation, others.join(' '));
  else printLine(`There is no ${word}.\n${help}`);
}

async function answer(conversation: Conversation, line: string, signal: AbortSignal): Promise<void> {
  const given = await conversation.ask(line, printAnswer, signal);
  process.stdout.write('\n');
  if (signal.aborted) printNews('(stopped)');
  else if (given.finishReason === 'length') printNews('(cut: it reached the longest length)');
}

async function switchModel(client: ApiClient, conversation: Conversation, name: string): Promise<void> {
  if (name === '') {
    printLine(`Now ${conversation.model}. There are: ${(await chatModels(client)).join(', ')}`);
    return;
  }
  await requireChatModel(client, name);
  conversation.switchModel(name);
  printLine(`Now ${name}.`);
}
