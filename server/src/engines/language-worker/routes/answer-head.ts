import { newId } from '../../../kernel/ids.ts';
import type { JsonObject } from '../../worker-http/read-json-body.ts';
import type { LanguageModel } from '../language-model.ts';
import { readModelName } from './stream-options.ts';

/** What every event of one answer repeats. */
export interface AnswerHead {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly model: string;
  readonly systemFingerprint: string;
}

export function createAnswerHead(
  prefix: 'chatcmpl' | 'cmpl',
  body: JsonObject,
  model: LanguageModel,
): AnswerHead {
  return {
    id: `${prefix}-${newId().replaceAll('-', '')}`,
    created: Math.floor(Date.now() / 1000),
    model: readModelName(body, model.manifest.name),
    systemFingerprint: model.systemFingerprint,
  };
}
