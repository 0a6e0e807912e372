import type { ApiClient } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { agrees, isTerminal } from '../output/ask-terminal.ts';
import { printJson } from '../output/print-json.ts';
import { printNews } from '../output/print-line.ts';
import { createProgressBar } from '../output/progress-bar.ts';
import type { ImportAnswer } from './import-answers.ts';
import { termsText } from './show-plan.ts';

const ended = new Set(['ready', 'failed', 'cancelled']);
const words: Readonly<Record<string, string>> = {
  resolving: 'asking the source',
  inspecting: 'looking into the files',
  converting: 'converting',
  storing: 'storing',
};

/**
 * Follows an import until it has ended, with a progress bar; where its terms wait to be accepted, the person at the
 * terminal is asked. Throws a CommandError when it failed, was cancelled, or waits for an answer that nobody gives; with
 * `json` it prints first how it stands then.
 */
export async function awaitImport(
  client: ApiClient,
  id: string,
  { json = false }: { readonly json?: boolean },
): Promise<ImportAnswer> {
  const teller = createTeller();
  let last: ImportAnswer | null = null;
  while (last === null || !ended.has(last.state)) {
    last = await followUntilPause(client, id, teller);
    if (last.state !== 'waiting-for-license') continue;
    if (await agreesTo(last)) last = await acceptTerms(client, last);
    else throw stopped(last, json);
  }
  if (last.state === 'ready') return last;
  throw stopped(last, json);
}

/** Why an import is not ready, and with `json` how it stands, on the standard output. */
function stopped(last: ImportAnswer, json: boolean): CommandError {
  if (json) printJson(last);
  if (last.state === 'waiting-for-license')
    return new CommandError(
      `${last.model} comes under ${termsOf(last)}, which must be accepted.`,
      `Read them${placeOfTerms(last)}, and accept with \`samovar models accept ${last.id}\`, or say \`--accept-license\`.`,
    );
  if (last.state === 'cancelled')
    return new CommandError(`The import of ${last.model} was cancelled.`, 'Ask for it again to begin anew.');
  return new CommandError(
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
      // What the files say against the terms that are asked for.
      if (now.state === 'waiting-for-license')
        for (const { severity, text } of now.notes) if (severity === 'warning') tellOnce(`  ${text}`);
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

function termsOf({ license }: ImportAnswer): string {
  return license === null ? 'terms of its own' : termsText(license);
}

/** Terms without an address stand where the model comes from. */
function placeOfTerms({ license, resolved, source }: ImportAnswer): string {
  return license?.url ? '' : ` where the model comes from (${resolved?.uri ?? source})`;
}

/** False where nobody can be asked. */
async function agreesTo(waiting: ImportAnswer): Promise<boolean> {
  if (!isTerminal()) return false;
  return await agrees(`${waiting.model} comes under ${termsOf(waiting)}. Do you accept them?`);
}

/** Accepts the terms that an import shows, and no others that it asks for meanwhile. */
export async function acceptTerms(
  client: ApiClient,
  { id, license }: Pick<ImportAnswer, 'id' | 'license'>,
): Promise<ImportAnswer> {
  const path = `/api/imports/${encodeURIComponent(id)}/accept-license`;
  return (await client.send('POST', path, license === null ? {} : { license: license.id })) as ImportAnswer;
}
