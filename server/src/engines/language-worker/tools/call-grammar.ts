import { SamovarError } from '../../../kernel/errors.ts';
import { anyJsonRules } from '../grammar/any-json-rules.ts';
import { addJsonSchema } from '../grammar/compile-schema.ts';
import { gbnfLiteral } from '../grammar/gbnf-text.ts';
import { createGrammarRules, type GrammarRules } from '../grammar/grammar-rules.ts';
import { buildAutomaton } from '../grammar/regular/automaton.ts';
import { emitAutomaton, plainCharacters } from '../grammar/regular/emit-automaton.ts';
import type { Language, LanguageSpace } from '../grammar/regular/language.ts';
import { createLanguageSpace } from '../grammar/regular/language-space.ts';
import type { CallFormat } from './call-format.ts';
import type { ToolDefinition } from './tool-definition.ts';

/** Small models that may call several tools tend never to stop. */
const maxCalls = 16;

export interface CallGrammarInput {
  readonly format: CallFormat;
  /** The tools that may be called, with their places in the request. */
  readonly tools: readonly { readonly tool: ToolDefinition; readonly index: number }[];
  readonly parallel: boolean;
  /** The answer may begin with `<think>…</think>`. */
  readonly mayReason: boolean;
}

/** GBNF of an answer that is one call, or several. */
export function callGrammar(input: CallGrammarInput): string {
  const rules = createGrammarRules(tooLarge);
  return grammarText(rules, `${reasoning(rules, input)}${calls(rules, input, 'marker')}`);
}

/** GBNF of an answer that is either calls or a text that does not begin like one. */
export function callOrTextGrammar(input: CallGrammarInput): string {
  const rules = createGrammarRules(tooLarge);
  const space = createLanguageSpace();
  const blanks = space.repeat(
    space.characters([
      [0x09, 0x0a],
      [0x20, 0x20],
    ]),
    0,
    null,
  );
  const beginsLikeCall = space.sequence(blanks, space.literal(input.format.marker), space.all);
  const text = languageRules(
    rules,
    space,
    space.both(space.not(beginsLikeCall), space.not(space.empty)),
    'text',
  );
  return grammarText(rules, `${reasoning(rules, input)}( ${calls(rules, input, 'marker')} | ${text} )`);
}

/** GBNF of what follows the marker that the model wrote of its own accord. */
export function callGrammarBehindMarker(input: CallGrammarInput): string {
  const rules = createGrammarRules(tooLarge);
  return grammarText(rules, calls(rules, input, 'behind'));
}

function grammarText(rules: GrammarRules, root: string): string {
  return [rules.text(root), ...anyJsonRules].join('\n');
}

function calls(rules: GrammarRules, input: CallGrammarInput, from: 'marker' | 'behind'): string {
  const { format, parallel } = input;
  const call = rules.add('call', input.tools.map((entry) => toolCall(rules, format, entry)).join(' | '));
  const marker = gbnfLiteral(format.marker);
  const more = (body: string) => (parallel ? ` ( ${body} ){0,${maxCalls - 1}}` : '');
  if (format.close !== '') {
    const rest = `[\\n]? ${call} [\\n]? ${gbnfLiteral(format.close)}`;
    return `${from === 'marker' ? `${marker} ` : ''}${rest}${more(`[\\n]? ${marker} ${rest}`)}`;
  }
  if (format.bare) return `${call}${more(`"; " ${call}`)}`;
  return `${from === 'marker' ? `${marker} ` : ''}" "? "[" ${call}${more(`", " ${call}`)} "]"`;
}

function toolCall(
  rules: GrammarRules,
  format: CallFormat,
  { tool, index }: CallGrammarInput['tools'][number],
): string {
  const { name } = tool.function;
  const head = gbnfLiteral(`{"name": ${JSON.stringify(name)}, "${format.argumentsKey}": `);
  return `${head} ${toolArguments(rules, tool, `tools[${index}].function.parameters`)} "}"`;
}

/**
 * Arguments follow the tool's schema. A schema that a grammar cannot express is refused for `strict` tools alone:
 * for others the API promises no more than an attempt, and any object may come.
 */
function toolArguments(rules: GrammarRules, tool: ToolDefinition, parameter: string): string {
  const schema = tool.function.parameters ?? { type: 'object', properties: {} };
  try {
    return addJsonSchema(rules, schema, parameter);
  } catch (error) {
    if (tool.function.strict || !(error instanceof SamovarError)) throw error;
    return 'object';
  }
}

function reasoning(rules: GrammarRules, { mayReason }: CallGrammarInput): string {
  if (!mayReason) return '';
  const space = createLanguageSpace();
  const closed = space.sequence(space.all, space.literal('</think>'), space.all);
  const thought = languageRules(rules, space, space.not(closed), 'thought');
  return `( "<think>" ${thought} "</think>" [\\n]{0,2} )? `;
}

function languageRules(rules: GrammarRules, space: LanguageSpace, language: Language, hint: string): string {
  const automaton = buildAutomaton(space, language, 1_000);
  if (!automaton) throw tooLarge();
  return emitAutomaton(rules, automaton, hint, plainCharacters);
}

function tooLarge(): SamovarError {
  return new SamovarError('request.invalid', {
    params: {
      parameter: 'tools',
      reason: 'the tools are too many or too complex to be kept to while generating',
    },
    field: 'tools',
  });
}
