import type { CodePoints } from './code-points.ts';

/** The syntax tree of a regular expression of the subset that describes a regular language. */
export type PatternNode =
  | { readonly kind: 'set'; readonly set: CodePoints }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'either'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly min: number; readonly max: number | null }
  | { readonly kind: 'look-ahead'; readonly part: PatternNode; readonly negative: boolean }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' };

/** Why a pattern cannot be used; the text completes "pattern …: ". */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}
