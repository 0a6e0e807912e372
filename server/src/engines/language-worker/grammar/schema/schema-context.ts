import type { GrammarRules } from '../grammar-rules.ts';
import type { LanguageSpace } from '../regular/language.ts';
import type { Conjunction } from './located-schema.ts';

/** What compiling one schema passes around. */
export interface SchemaContext {
  /** The whole schema, in which references are resolved. */
  readonly root: unknown;
  readonly rules: GrammarRules;
  readonly space: LanguageSpace;
  /** The name of the rule for values that satisfy all the schemas. */
  valueRule(conjunction: Conjunction, hint: string): string;
}

/** Between values, one optional blank: models are used to it, and no more can run away. */
export const comma = '"," " "?';
export const colon = '":" " "?';
