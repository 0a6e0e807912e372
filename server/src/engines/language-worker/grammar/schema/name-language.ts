import type { Language } from '../regular/language.ts';
import type { Conjunction } from './located-schema.ts';
import { readShape } from './read-shape.ts';
import type { SchemaContext } from './schema-context.ts';
import { unsupported } from './schema-error.ts';
import { stringLanguage } from './string-rule.ts';

/** The names that `propertyNames` allows. */
export function nameLanguage(context: SchemaContext, names: Conjunction): Language {
  const { space } = context;
  if (names.length === 0) return space.all;
  const shape = readShape(context.root, names);
  if (shape.alternatives.length > 0)
    throw unsupported(shape.pointer, 'alternatives of names are not supported; use a pattern');
  if (!shape.types.has('string')) return space.never;
  const texts = shape.values?.values.filter((value) => typeof value === 'string');
  const listed = texts ? space.either(...texts.map((text) => space.literal(text))) : space.all;
  return space.both(listed, stringLanguage(space, shape.string));
}

/** The names that `propertyNames` lists one by one; `null` when it does not. */
export function listedNames(context: SchemaContext, names: Conjunction): readonly string[] | null {
  if (names.length === 0) return null;
  const { values } = readShape(context.root, names);
  return values ? values.values.filter((value) => typeof value === 'string') : null;
}
