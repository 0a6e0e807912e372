import { anyJsonRules } from './any-json-rules.ts';

/** GBNF of JSON mode: one JSON object, white space bounded so that an answer cannot run away in it. */
export const jsonObjectGrammar: string = ['root ::= object', ...anyJsonRules].join('\n');
