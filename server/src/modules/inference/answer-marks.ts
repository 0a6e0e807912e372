import { withPrefix } from '../../kernel/ids.ts';
import type { AnswerStart } from './inference-request.ts';

/** What really answered, as answers to requests for an alias carry it under `samovar`. */
export interface AnswerMark {
  readonly alias: string;
  readonly model: string;
  readonly version: string;
}

/** `null`: the model was asked for by its own name, which the answer carries. */
export function answerMark({ alias, model }: Pick<AnswerStart, 'alias' | 'model'>): AnswerMark | null {
  return alias === null
    ? null
    : { alias: alias.name, model: model.name, version: withPrefix('ver', model.versionId) };
}

/**
 * Headers of an answer, names and values in turns: what really answered, and what is to be known of a name that is on
 * its way out (RFC 9745, RFC 8594).
 */
export function markHeaders({ model, deprecation }: Omit<AnswerStart, 'rateLimitHeaders'>): string[] {
  const headers = ['x-samovar-model', model.name, 'x-samovar-version', withPrefix('ver', model.versionId)];
  if (deprecation === null) return headers;
  headers.push('deprecation', `@${Math.floor(deprecation.deprecatedAt.getTime() / 1000)}`);
  if (deprecation.sunsetAt !== null) headers.push('sunset', deprecation.sunsetAt.toUTCString());
  if (deprecation.successor !== null)
    headers.push(
      'link',
      `</v1/models/${encodeURIComponent(deprecation.successor)}>; rel="successor-version"`,
    );
  return headers;
}
