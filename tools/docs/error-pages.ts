import type { ErrorEntry } from '@samovar/contract/error-entry';
import { errorCatalogue } from '@samovar/contract/errors';
import { cell, type GeneratedPage, generatedNotice } from './generated-page.ts';

/** One page per error code and their index. */
export function errorPages(): GeneratedPage[] {
  const entries: [string, ErrorEntry][] = Object.entries(errorCatalogue);
  entries.sort(([left], [right]) => (left < right ? -1 : 1));
  return [indexPage(entries), ...entries.map(([code, entry]) => errorPage(code, entry))];
}

function indexPage(entries: readonly [string, ErrorEntry][]): GeneratedPage {
  const rows = entries.map(
    ([code, entry]) => `| [\`${code}\`](${code}.md) | ${entry.httpStatus} | ${cell(entry.message)} |`,
  );
  const text = [
    generatedNotice,
    '# Errors',
    '',
    'Every error has a stable code. The OpenAI surface puts the name that OpenAI publishes into `error.code` where there is one, and our code into `samovar.code`, beside `error`, always.',
    '',
    '| Code | HTTP | Text |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
  return { path: 'docs/reference/errors/README.md', text };
}

function errorPage(code: string, entry: ErrorEntry): GeneratedPage {
  const text = [
    generatedNotice,
    `# \`${code}\``,
    '',
    `> ${entry.message.replaceAll('\n', '\n> ')}`,
    '',
    `**What to do.** ${entry.remedy}`,
    '',
    `HTTP ${entry.httpStatus} · gRPC ${entry.grpcStatus}`,
    '',
  ].join('\n');
  return { path: `docs/reference/errors/${code}.md`, text };
}
