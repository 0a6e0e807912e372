import type { CodePoints } from './code-points.ts';

/**
 * A regular language as an extended regular expression: with intersection and complement, which is what
 * lengths, several patterns and lookaheads need. Equal expressions of one space are one object.
 */
export type Language = { readonly id: number; readonly nullable: boolean } & LanguageForm;

export type LanguageForm =
  | { readonly kind: 'never' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'characters'; readonly set: CodePoints }
  | { readonly kind: 'sequence'; readonly first: Language; readonly rest: Language }
  | { readonly kind: 'either'; readonly of: readonly Language[] }
  | { readonly kind: 'both'; readonly of: readonly Language[] }
  | { readonly kind: 'not'; readonly of: Language }
  | { readonly kind: 'repeat'; readonly of: Language; readonly min: number; readonly max: number | null }
  /** Digits whose value leaves `remainder` to be made up; the decimal point is passed over. */
  | { readonly kind: 'multiple'; readonly divisor: number; readonly remainder: number };

/** Makes expressions in a normal form that is small enough for derivatives to come back to themselves. */
export interface LanguageSpace {
  readonly never: Language;
  readonly empty: Language;
  /** Any text at all. */
  readonly all: Language;
  characters(set: CodePoints): Language;
  literal(text: string): Language;
  sequence(...parts: readonly Language[]): Language;
  either(...parts: readonly Language[]): Language;
  both(...parts: readonly Language[]): Language;
  not(part: Language): Language;
  repeat(part: Language, min: number, max: number | null): Language;
  multiple(divisor: number, remainder: number): Language;
  /** The sets of Unicode properties that patterns asked for so far. */
  readonly properties: Map<string, CodePoints | null>;
}
