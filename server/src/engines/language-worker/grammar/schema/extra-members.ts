import { jsonCharacters } from '../regular/emit-automaton.ts';
import type { Language } from '../regular/language.ts';
import { patternLanguage } from '../regular/pattern-language.ts';
import { PatternError } from '../regular/pattern-node.ts';
import { languageRule } from './language-rule.ts';
import { type Conjunction, type LocatedSchema, located } from './located-schema.ts';
import { nameLanguage } from './name-language.ts';
import { colon, type SchemaContext } from './schema-context.ts';
import { SchemaError, unlessForbidden, unsupported } from './schema-error.ts';
import type { ObjectShape } from './shape.ts';

/**
 * The rule of a member that no property declares, or `null` when there is none. Where a schema declares properties
 * and is silent about others, none is generated: that is what its author means.
 */
export function extraMembers(
  context: SchemaContext,
  shape: ObjectShape,
  known: { readonly declared: ReadonlySet<string>; readonly tooFew: boolean },
): string | null {
  const { space } = context;
  const patterns = namePatterns(context, shape);
  const allPatterns = [...patterns.values()];
  const undeclared = space.both(
    nameLanguage(context, shape.names),
    space.not(space.either(...Array.from(known.declared, (name) => space.literal(name)))),
  );
  const ways: string[] = [];
  for (const [pattern, language] of patterns) {
    const others = allPatterns.filter((other) => other !== language);
    const schemas = shape.properties.flatMap(
      ({ patterns, additional }) =>
        patterns.find((said) => said.pattern === pattern)?.schema ?? additional ?? [],
    );
    const names = space.both(undeclared, language, space.not(space.either(...others)));
    ways.push(...memberRule(context, names, schemas));
  }
  const additional = shape.properties.flatMap(({ additional }) => additional ?? []);
  const silent = shape.properties.length === 0 && known.declared.size === 0;
  if (additional.length > 0 || silent || known.tooFew) {
    const names = space.both(undeclared, space.not(space.either(...allPatterns)));
    ways.push(...memberRule(context, names, additional));
  }
  return ways.length === 0 ? null : context.rules.add('member', ways.join(' | '));
}

function namePatterns(context: SchemaContext, shape: ObjectShape): Map<string, Language> {
  const found = new Map<string, Language>();
  for (const { patterns } of shape.properties) {
    for (const { pattern, schema } of patterns) {
      try {
        found.set(pattern, patternLanguage(context.space, pattern));
      } catch (error) {
        if (error instanceof PatternError) throw unsupported(schema.pointer, error.message);
        throw error;
      }
    }
  }
  return found;
}

function memberRule(context: SchemaContext, names: Language, schemas: Conjunction): string[] {
  const value = unlessForbidden(() => context.valueRule(schemas, 'extra'));
  if (value === null) return [];
  const name = nameRule(context, names, schemas[0] ?? located(true, ''));
  return name === null ? [] : [`${name} ${colon} ${value}`];
}

function nameRule(context: SchemaContext, names: Language, schema: LocatedSchema): string | null {
  if (names === context.space.all) return 'string';
  try {
    const place = { pointer: schema.pointer, hint: 'name', write: jsonCharacters };
    return `"\\"" ${languageRule(context, names, place)} "\\""`;
  } catch (error) {
    // No further name is left, as when `propertyNames` lists the declared ones: then there is no such member.
    if (error instanceof SchemaError && error.kind === 'impossible') return null;
    throw error;
  }
}
