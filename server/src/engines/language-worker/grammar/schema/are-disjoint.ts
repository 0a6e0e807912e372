import { admits, propertySchemas } from './admits.ts';
import type { Conjunction } from './located-schema.ts';
import { readShape } from './read-shape.ts';
import type { SchemaContext } from './schema-context.ts';
import { SchemaError } from './schema-error.ts';
import type { JsonType, NumberShape, Shape } from './shape.ts';

const maxDepth = 4;

/** Whether it can be shown that no value satisfies both: by types, listed values, ranges or a required property. */
export function areDisjoint(context: SchemaContext, a: Conjunction, b: Conjunction, depth = 0): boolean {
  const [left, right] = [shapeOf(context, a), shapeOf(context, b)];
  if (left === null || right === null) return true;
  if (left.values)
    return left.values.values.every((value) => !admits(context, a, value) || !admits(context, b, value));
  if (right.values) return areDisjoint(context, b, a, depth);
  if (depth >= maxDepth) return false;
  for (const [one, other, rest] of [
    [left, b, a],
    [right, a, b],
  ] as const) {
    const [group] = one.alternatives;
    if (!group) continue;
    const own = rest === a ? left.own : right.own;
    return group.branches.every((branch) => areDisjoint(context, [...own, branch], other, depth + 1));
  }
  const shared = left.types.intersection(right.types);
  return [...shared].every((type) => disjointOfType(context, type, left, right, depth));
}

function shapeOf(context: SchemaContext, conjunction: Conjunction): Shape | null {
  try {
    return readShape(context.root, conjunction);
  } catch (error) {
    if (error instanceof SchemaError && error.kind !== 'unsupported') return null;
    throw error;
  }
}

function disjointOfType(context: SchemaContext, type: JsonType, a: Shape, b: Shape, depth: number): boolean {
  if (type === 'number') return below(a.number, b.number) || below(b.number, a.number);
  if (type === 'object') return disjointObjects(context, a, b, depth);
  if (type === 'array') return countBelow(a.array, b.array) || countBelow(b.array, a.array);
  return false;
}

function below({ max }: NumberShape, { min }: NumberShape): boolean {
  return (
    !!max && !!min && (max.value < min.value || (max.value === min.value && (max.exclusive || min.exclusive)))
  );
}

function countBelow({ maxItems }: Shape['array'], { minItems }: Shape['array']): boolean {
  return !!maxItems && !!minItems && maxItems.value < minItems.value;
}

function disjointObjects(context: SchemaContext, a: Shape, b: Shape, depth: number): boolean {
  const schemas = (shape: Shape, name: string) =>
    shape.object.properties.flatMap((said) => propertySchemas(context, said, name));
  return [...a.object.required.keys(), ...b.object.required.keys()].some((name) => {
    const [ofA, ofB] = [schemas(a, name), schemas(b, name)];
    return areDisjoint(context, ofA, ofB, depth + 1);
  });
}
