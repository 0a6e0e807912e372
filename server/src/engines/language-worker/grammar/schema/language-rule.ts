import { buildAutomaton } from '../regular/automaton.ts';
import { type CharacterWriting, emitAutomaton } from '../regular/emit-automaton.ts';
import type { Language } from '../regular/language.ts';
import type { SchemaContext } from './schema-context.ts';
import { impossible, unsupported } from './schema-error.ts';

const maxStates = 4_000;

/** An expression for the texts of a regular language; the place names the keyword that errors are about. */
export function languageRule(
  context: SchemaContext,
  language: Language,
  place: { readonly pointer: string; readonly hint: string; readonly write: CharacterWriting },
): string {
  const automaton = buildAutomaton(context.space, language, maxStates);
  if (!automaton) throw unsupported(place.pointer, 'too complex to be kept to while generating');
  if (automaton.length === 0)
    throw impossible(place.pointer, 'no value satisfies it together with its neighbours');
  return emitAutomaton(context.rules, automaton, place.hint, place.write);
}
