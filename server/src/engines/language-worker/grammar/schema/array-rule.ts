import { repeatRule } from '../repeat-rule.ts';
import type { Conjunction, LocatedSchema } from './located-schema.ts';
import { comma, type SchemaContext } from './schema-context.ts';
import { impossible, unlessForbidden, unsupported } from './schema-error.ts';
import type { ArrayShape } from './shape.ts';

const maxMinItems = 100_000;

/** An expression for the arrays of a shape. */
export function arrayRule(context: SchemaContext, shape: ArrayShape, hint: string): string {
  const { minItems, maxItems } = shape;
  const min = minItems?.value ?? 0;
  if (minItems && min > maxMinItems) throw unsupported(minItems.pointer, 'no answer is that long');
  if (maxItems && maxItems.value < min) {
    throw impossible(maxItems.pointer, `${maxItems.value} is less than the minimum of ${min}`);
  }
  const declared = Math.max(0, ...shape.items.map(({ prefix }) => prefix.length));
  // What may follow the listed items is generated only when the schema speaks of it.
  const open = declared === 0 || min > declared || shape.items.some(({ rest }) => rest !== undefined);
  const atMost = Math.min(
    maxItems?.value ?? Number.POSITIVE_INFINITY,
    open ? Number.POSITIVE_INFINITY : declared,
  );

  const rules: string[] = [];
  let max = atMost;
  for (let index = 0; index <= declared && index < max; index++) {
    const schemas = itemSchemas(shape, index);
    const rule = unlessForbidden(() => context.valueRule(schemas, `${hint}-item`));
    if (rule === null) max = index;
    else rules.push(rule);
  }
  if (max < min) throw impossible(minItems?.pointer ?? '', `at most ${max} items can be valid`);
  return `"[" ${items(context, rules, { min, max, declared })} "]"`.replace('  ', ' ');
}

function itemSchemas(shape: ArrayShape, index: number): Conjunction {
  const schemas = shape.items.map(({ prefix, rest }): LocatedSchema | undefined => prefix[index] ?? rest);
  return schemas.filter((schema) => schema !== undefined);
}

function items(
  context: SchemaContext,
  rules: readonly string[],
  { min, max, declared }: { readonly min: number; readonly max: number; readonly declared: number },
): string {
  const repeated = (rule: string, from: number) => {
    const following = context.rules.add('items', `${comma} ${rule}`);
    return repeatRule(
      context.rules,
      following,
      Math.max(0, min - from),
      max === Number.POSITIVE_INFINITY ? null : max - from,
    );
  };
  const tail = (index: number): string => {
    if (index >= max) return '';
    const rule = rules[index] ?? '';
    if (index >= declared && index > 0) return repeated(rule, index);
    const rest = index + 1 >= declared && declared === 0 ? repeated(rule, 1) : tail(index + 1);
    const body = `${index > 0 ? `${comma} ` : ''}${rule} ${rest}`.trim();
    return index >= min ? `${context.rules.add('tail', body)}?` : body;
  };
  return tail(0);
}
