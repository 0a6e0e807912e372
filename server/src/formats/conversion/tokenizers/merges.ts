import type { JsonRecord } from '../../json-value.ts';
import { refusal } from '../../refuse-files.ts';

/** Pairs, each as two texts with a space between; a space inside of one is written as byte-level tokenizers do. */
export function mergesOf(model: JsonRecord): string[] {
  const merges: unknown = model.merges;
  if (!Array.isArray(merges)) throw refusal('its tokenizer has no merges');
  return merges.map((merge) => {
    if (typeof merge === 'string') return merge;
    if (Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string'))
      return merge.map((part) => part.replaceAll(' ', '\u0120')).join(' ');
    throw refusal('its tokenizer has a merge that is no pair');
  });
}
