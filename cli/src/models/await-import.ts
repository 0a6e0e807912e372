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
  const teller = createTeller();
  let last: ImportAnswer | null = null;
  while (last === null || !ended.has(last.state)) {
    last = await followUntilPause(client, id, teller);
    if (last.state === 'waiting-for-license') last = await acceptTerms(client, last);
  }
  if (last.state === 'ready') return last;
  if (last.state === 'cancelled')
    throw new CommandError(`The import of ${last.model} was cancelled.`, 'Ask for it again to begin anew.');
  throw new CommandError(
    last.failure?.message ?? `The import of ${last.model} failed.`,
    last.failure?.remedy ?? '`samovar logs worker` has the details.',
  );
}

/** Until it has ended, or waits for somebody. */
async function followUntilPause(
  client: ApiClient,
  id: string,
  teller: ReturnType<typeof createTeller>,
): Promise<ImportAnswer> {
  const path = `/api/imports/${encodeURIComponent(id)}`;
  for await (const { data } of client.follow(`${path}/events`)) {
    const now = JSON.parse(data) as ImportAnswer;
    teller.tell(now);
    if (now.state !== 'waiting-for-license' && !ended.has(now.state)) continue;
    teller.end();
    return now;
  }
  teller.end();
  return (await client.get(path)) as ImportAnswer;
}

/** Tells each piece of news once, and shows the progress between them. */
function createTeller() {
  const bar = createProgressBar();
  const told = new Set<string>();
  const tellOnce = (news: string) => {
    if (news === '' || told.has(news)) return;
    told.add(news);
    bar.clear();
    printNews(news);
  };
  return {
    tell(now: ImportAnswer) {
      for (const text of now.resolved?.notes ?? []) tellOnce(`  ${text}`);
      tellOnce(newsOf(now));
      const { progress } = now;
      if (now.state === 'downloading' && progress)
        bar.show(now.model, progress.doneBytes, progress.totalBytes, progress.bytesPerSecond);
    },
    end: () => bar.clear(),
  };
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
