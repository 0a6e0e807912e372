import { SamovarError } from '../../../kernel/errors.ts';
import { anyJsonRules } from './any-json-rules.ts';
import { createGrammarRules, type GrammarRules } from './grammar-rules.ts';
import { createLanguageSpace } from './regular/language-space.ts';
import { hasFiniteValue } from './schema/has-finite-value.ts';
import { conjunctionKey, located } from './schema/located-schema.ts';
import type { SchemaContext } from './schema/schema-context.ts';
import { impossible, publicSchemaError, SchemaError, unsupported } from './schema/schema-error.ts';
import { valueExpression } from './schema/value-rule.ts';

const schemaParameter = 'response_format.json_schema.schema';

/**
 * Compiles a JSON Schema (draft 2020-12, as Pydantic and Zod write it) to a grammar of llama.cpp (GBNF).
 * Every text of the grammar is a valid value; declared properties come in their order, the optional ones may be
 * left out; between values stands at most one blank.
 * @throws SamovarError `request.invalid`, naming the keyword, for schemas that nothing satisfies and for keywords
 * that a grammar cannot express.
 */
export function compileJsonSchema(schema: unknown, parameter: string = schemaParameter): string {
  const rules = createGrammarRules(() => tooLarge(parameter));
  const root = addJsonSchema(rules, schema, parameter);
  return [rules.text(root), ...anyJsonRules].join('\n');
}

/**
 * Adds the rules of a schema to a grammar that holds `anyJsonRules`, and returns the name of its rule.
 * @param parameter the request's parameter that holds the schema, for errors.
 */
export function addJsonSchema(rules: GrammarRules, schema: unknown, parameter: string): string {
  const space = createLanguageSpace();
  const known = new Map<string, string>();
  /** Rules that are being made, and those of them that refer to themselves. */
  const unfinished = new Set<string>();
  const recursive = new Set<string>();

  /** `open`: rules whose beginning is here too; a rule that began with itself would never end. */
  const contextBelow = (open: ReadonlySet<string>): SchemaContext => ({
    root: schema,
    rules,
    space,
    valueRule(conjunction, hint) {
      if (conjunction.length === 0) return 'value';
      const key = conjunctionKey(conjunction);
      if (open.has(key))
        throw unsupported(conjunction[0]?.pointer ?? '', 'the reference leads back to itself');
      const found = known.get(key);
      if (found && unfinished.has(key)) recursive.add(key);
      if (found) return found;
      const name = rules.reserve(hint);
      known.set(key, name);
      unfinished.add(key);
      try {
        const inside = contextBelow(new Set());
        rules.define(name, valueExpression(contextBelow(new Set([...open, key])), inside, conjunction, hint));
        if (recursive.has(key) && !hasFiniteValue(inside, conjunction)) {
          throw impossible(conjunction[0]?.pointer ?? '', 'every value would have to contain itself');
        }
      } catch (error) {
        forgetSince(known, key);
        throw error;
      } finally {
        unfinished.delete(key);
      }
      return name;
    },
  });

  try {
    return contextBelow(new Set()).valueRule([located(schema, '')], 'json');
  } catch (error) {
    if (error instanceof SchemaError) throw publicSchemaError(error, parameter);
    if (error instanceof RangeError) throw tooLarge(parameter);
    throw error;
  }
}

/** Rules made inside a failed one may refer to it. */
function forgetSince(known: Map<string, string>, key: string): void {
  const keys = [...known.keys()];
  for (const later of keys.slice(keys.indexOf(key))) known.delete(later);
}

function tooLarge(parameter: string): SamovarError {
  return new SamovarError('request.invalid', {
    params: { parameter, reason: 'the schema is too large to be kept to while generating' },
    field: parameter,
  });
}
