import { gbnfLiteral } from '../gbnf-text.ts';
import { matches } from '../regular/derive.ts';
import { repeatRule } from '../repeat-rule.ts';
import { propertySchemas } from './admits.ts';
import { extraMembers } from './extra-members.ts';
import { listedNames, nameLanguage } from './name-language.ts';
import { colon, comma, type SchemaContext } from './schema-context.ts';
import { impossible, unlessForbidden, unsupported } from './schema-error.ts';
import type { ObjectShape } from './shape.ts';

/** A declared property: the rule of its name and value. */
interface Member {
  readonly rule: string;
  readonly required: boolean;
}

/** An expression for the objects of a shape: declared properties in their order, then others where allowed. */
export function objectRule(context: SchemaContext, shape: ObjectShape, hint: string): string {
  const { minProperties, maxProperties } = shape;
  const min = minProperties?.value ?? 0;
  const max = maxProperties?.value ?? null;
  if (max !== null && max < min) {
    throw impossible(maxProperties?.pointer ?? '', `${max} is less than the minimum of ${min}`);
  }
  const names = new Set([
    ...shape.properties.flatMap(({ properties }) => [...properties.keys()]),
    ...shape.required.keys(),
    ...(listedNames(context, shape.names) ?? []),
  ]);
  const members = [...names].flatMap((name) => declaredMember(context, shape, name, hint) ?? []);
  const extra = extraMembers(context, shape, { declared: names, tooFew: min > members.length });
  const body = memberSequence(context, members, extra, {
    min,
    max,
    pointer: (minProperties ?? maxProperties)?.pointer ?? '',
  });
  if (body === null) {
    throw impossible(
      (maxProperties ?? minProperties)?.pointer ?? '',
      'the declared properties do not allow this number',
    );
  }
  return `"{" ${body} "}"`;
}

function declaredMember(
  context: SchemaContext,
  shape: ObjectShape,
  name: string,
  hint: string,
): Member | null {
  const required = shape.required.get(name);
  const allowed =
    shape.names.length === 0 || matches(context.space, nameLanguage(context, shape.names), name);
  const schemas = shape.properties.flatMap((said) => propertySchemas(context, said, name));
  const value = allowed ? unlessForbidden(() => context.valueRule(schemas, `${hint}-${name}`)) : null;
  if (value !== null) {
    const rule = context.rules.add(
      `${hint}-${name}`,
      `${gbnfLiteral(JSON.stringify(name))} ${colon} ${value}`,
    );
    return { rule, required: required !== undefined };
  }
  if (required !== undefined)
    throw impossible(required, `"${name}" is required, but no such property is allowed`);
  return null;
}

/**
 * The members between the braces; `null` when no number of them fits. A state is the next declared property and
 * how many members stand before it, counted only as far as the bounds need.
 */
function memberSequence(
  context: SchemaContext,
  members: readonly Member[],
  extra: string | null,
  bounds: { readonly min: number; readonly max: number | null; readonly pointer: string },
): string | null {
  const { min, max } = bounds;
  const counted = min > 1 || (max !== null && (extra !== null || max < members.length));
  const following = extra === null ? null : context.rules.add('members', `${comma} ${extra}`);
  const known = new Map<string, string | null>();

  const end = (count: number): string | null => {
    const missing = Math.max(0, min - count);
    const left = max === null ? null : max - count;
    if (left !== null && left < 0) return null;
    if (extra === null || following === null || left === 0) return missing > 0 ? null : '';
    // Equal names twice would count once: a grammar cannot see that.
    if (missing > 1)
      throw unsupported(bounds.pointer, 'a grammar cannot count different names; declare the properties');
    if (count > 0) return repeatRule(context.rules, following, missing, left);
    const some =
      `${extra} ${repeatRule(context.rules, following, 0, left === null ? null : left - 1)}`.trim();
    return missing > 0 ? some : `${context.rules.add('members', some)}?`;
  };
  const from = (index: number, count: number): string | null => {
    const key = `${index} ${count}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const body = step(index, count);
    const made = body === null || body === '' ? body : context.rules.add('members', body);
    known.set(key, made);
    return made;
  };
  const step = (index: number, count: number): string | null => {
    const member = members[index];
    if (!member) return end(count);
    const next = counted ? count + 1 : 1;
    const rest = from(index + 1, next);
    const taken = rest === null ? null : `${count > 0 ? `${comma} ` : ''}${member.rule} ${rest}`.trim();
    if (member.required) return taken;
    const left = from(index + 1, count);
    const ways = [taken, left].filter((way) => way !== null);
    return ways.length === 0 ? null : ways.map((way) => way || '""').join(' | ');
  };
  return from(0, 0);
}
