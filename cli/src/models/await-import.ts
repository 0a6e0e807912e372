import { createInterface } from 'node:readline/promises';
import type { ApiClient } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { printNews } from '../output/print-line.ts';
import { createProgressBar } from '../output/progress-bar.ts';
import type { ImportAnswer } from './import-answers.ts';

const ended = new Set(['ready', 'failed', 'cancelled']);
const words: Readonly<Record<string, string>> = {
  resolving: 'asking the source',
  inspecting: 'looking into the files',
  converting: 'converting',
  storing: 'storing',
};

/**
 * Follows an import until it has ended, with a progress bar; where its terms wait to be accepted, the person at the
 * terminal is asked. Throws a CommandError when it failed, was cancelled, or waits for an answer that nobody gives.
 */
export async function awaitImport(client: ApiClient, id: string): Promise<ImportAnswer> {
  const path = `/api/imports/${encodeURIComponent(id)}`;
  const bar = createProgressBar();
  let told = '';
  let notesTold = false;
  let last: ImportAnswer | null = null;
  while (last === null || !ended.has(last.state)) {
    for await (const { data } of client.follow(`${path}/events`)) {
      last = JSON.parse(data) as ImportAnswer;
      const { progress } = last;
      if (last.state === 'downloading' && progress)
        bar.show(last.model, progress.doneBytes, progress.totalBytes, progress.bytesPerSecond);
      if (!notesTold && last.resolved !== null) {
        bar.clear();
        for (const note of last.resolved.notes) printNews(`  ${note}`);
        notesTold = true;
      }
      if (last.state === 'waiting-for-license') break;
      const news = newsOf(last);
      if (news === told || news === '') continue;
      bar.clear();
      printNews(news);
      told = news;
    }
    if (last?.state === 'waiting-for-license') last = await acceptTerms(client, last);
  }
  bar.clear();
  if (last.state === 'ready') return last;
  if (last.state === 'cancelled')
    throw new CommandError(`The import of ${last.model} was cancelled.`, 'Ask for it again to begin anew.');
  throw new CommandError(
    last.failure?.message ?? `The import of ${last.model} failed.`,
    last.failure?.remedy ?? '`samovar logs worker` has the details.',
  );
}

function newsOf({ state, model, resolved, failure }: ImportAnswer): string {
  const waits = failure === null ? '' : `; it is tried again: ${failure.message}`;
  if (state === 'downloading') return `${model}: fetching ${resolved?.uri ?? ''}${waits}`;
  const word = words[state];
  return word === undefined ? '' : `${model}: ${word}${waits}`;
}

async function acceptTerms(client: ApiClient, waiting: ImportAnswer): Promise<ImportAnswer> {
  const terms = `${waiting.license?.id ?? 'its own terms'}${waiting.license?.url ? ` (${waiting.license.url})` : ''}`;
  const accept = `samovar models accept ${waiting.id}`;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new CommandError(
      `${waiting.model} comes under ${terms}, which must be accepted.`,
      `Read them, and accept with \`${accept}\`, or say \`--accept-license\`.`,
    );
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question(`${waiting.model} comes under ${terms}. Do you accept them? [y/N] `);
  asking.close();
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new CommandError(`The import of ${waiting.model} waits.`, `Accept later with \`${accept}\`.`);
  return (await client.send('POST', `/api/imports/${waiting.id}/accept-license`)) as ImportAnswer;
}
