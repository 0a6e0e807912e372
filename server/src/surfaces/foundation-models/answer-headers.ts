import { type AnswerStart, markHeaders } from '../../modules/inference/index.ts';

/** Headers of an answer beside its ids: what answered, the key's limits, and what was asked for in vain. */
export function answerHeaders(
  begun: AnswerStart | null,
  ignored: readonly string[],
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { ...begun?.rateLimitHeaders };
  const marks = begun === null ? [] : markHeaders(begun);
  for (let at = 0; at < marks.length; at += 2) headers[marks[at] ?? ''] = marks[at + 1] ?? '';
  if (ignored.length > 0) headers['x-samovar-ignored'] = ignored.join(', ');
  return headers;
}
