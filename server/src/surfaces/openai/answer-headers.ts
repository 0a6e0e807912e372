import type { DataExchange } from '../../kernel/ports/http-routes.ts';
import type { AnswerStart } from '../../modules/inference/index.ts';

/** The version of the published API whose shapes we send, as the published service names it. */
const apiVersion = '2020-10-01';

/** Headers of an answer that begins now. */
export function answerHeaders(
  exchange: DataExchange,
  answer: AnswerStart,
  form: { readonly stream: boolean; readonly ignored: readonly string[] },
): Record<string, string | number> {
  const headers: Record<string, string | number> = {
    'content-type': form.stream ? 'text/event-stream; charset=utf-8' : 'application/json',
    'openai-version': apiVersion,
    'openai-processing-ms': Math.round(performance.now() - exchange.receivedAt),
  };
  if (form.stream) {
    headers['cache-control'] = 'no-cache';
    // Proxies such as nginx buffer event streams unless told not to.
    headers['x-accel-buffering'] = 'no';
  }
  if (form.ignored.length > 0) headers['x-samovar-ignored'] = form.ignored.join(', ');
  Object.assign(headers, answer.rateLimitHeaders);
  return headers;
}
