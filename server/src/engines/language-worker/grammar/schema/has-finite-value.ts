import { propertySchemas } from './admits.ts';
import { type Conjunction, conjunctionKey, type LocatedSchema } from './located-schema.ts';
import { readShape } from './read-shape.ts';
import type { SchemaContext } from './schema-context.ts';
import type { Shape } from './shape.ts';

/** Whether some value of a recursive schema comes to an end: an object that must hold itself never does. */
export function hasFiniteValue(
  context: SchemaContext,
  conjunction: Conjunction,
  open: ReadonlySet<string> = new Set(),
): boolean {
  const key = conjunctionKey(conjunction);
  if (open.has(key)) return false;
  const inside = new Set([...open, key]);
  const shape = readShape(context.root, conjunction);
  const [group, ...others] = shape.alternatives;
  if (group) {
    const shared = [...shape.own, ...others.map(({ source }) => source)];
    return group.branches.some((branch) => hasFiniteValue(context, [...shared, branch], inside));
  }
  if (shape.values) return true;
  return [...shape.types].some((type) => {
    if (type === 'object')
      return requiredMembers(context, shape).every((member) => hasFiniteValue(context, member, inside));
    if (type === 'array') return requiredItems(shape).every((item) => hasFiniteValue(context, item, inside));
    return true;
  });
}

function requiredMembers(context: SchemaContext, { object }: Shape): Conjunction[] {
  return [...object.required.keys()].map((name) =>
    object.properties.flatMap((said) => propertySchemas(context, said, name)),
  );
}

function requiredItems({ array }: Shape): Conjunction[] {
  const listed = Math.max(0, ...array.items.map(({ prefix }) => prefix.length));
  const count = Math.min(array.minItems?.value ?? 0, listed + 1);
  return Array.from({ length: count }, (_, index) =>
    array.items
      .map(({ prefix, rest }): LocatedSchema | undefined => prefix[index] ?? rest)
      .filter((schema) => schema !== undefined),
  );
}
