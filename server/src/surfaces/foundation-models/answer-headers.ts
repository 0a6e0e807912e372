import type { AnswerStart } from '../../modules/inference/index.ts';

/** Headers of an answer beside its ids: the key's limits, and what was asked for in vain. */
export function answerHeaders(
  { rateLimitHeaders = {} }: Partial<Pick<AnswerStart, 'rateLimitHeaders'>>,
  ignored: readonly string[],
): Readonly<Record<string, string>> {
  if (ignored.length === 0) return rateLimitHeaders;
  return { ...rateLimitHeaders, 'x-samovar-ignored': ignored.join(', ') };
}
