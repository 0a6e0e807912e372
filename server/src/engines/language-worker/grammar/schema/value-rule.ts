import { gbnfLiteral } from '../gbnf-text.ts';
import { admits } from './admits.ts';
import { areDisjoint } from './are-disjoint.ts';
import { arrayRule } from './array-rule.ts';
import type { Conjunction } from './located-schema.ts';
import { numberRule } from './number-rule.ts';
import { objectRule } from './object-rule.ts';
import { readShape } from './read-shape.ts';
import type { SchemaContext } from './schema-context.ts';
import { impossible, SchemaError, unsupported } from './schema-error.ts';
import type { Alternatives, JsonType, Shape } from './shape.ts';
import { stringRule } from './string-rule.ts';

/**
 * An expression for the values that satisfy all the schemas.
 * @param nested compiles values inside an array or object; `context.valueRule` those in the same place.
 */
export function valueExpression(
  context: SchemaContext,
  nested: SchemaContext,
  conjunction: Conjunction,
  hint: string,
): string {
  const shape = readShape(context.root, conjunction);
  const [group, ...others] = shape.alternatives;
  if (group) return alternativesExpression(context, shape, group, others, hint);
  if (shape.values) return valuesExpression(context, shape);
  return [...shape.types].map((type) => typeExpression(nested, type, shape, hint)).join(' | ');
}

function typeExpression(context: SchemaContext, type: JsonType, shape: Shape, hint: string): string {
  switch (type) {
    case 'null':
      return '"null"';
    case 'boolean':
      return '"true" | "false"';
    case 'number':
      return numberRule(context, shape.number, hint);
    case 'string':
      return stringRule(context, shape.string, hint);
    case 'array':
      return arrayRule(context, shape.array, hint);
    case 'object':
      return objectRule(context, shape.object, hint);
  }
}

function valuesExpression(context: SchemaContext, shape: Shape): string {
  const { values = [], pointer = '' } = shape.values ?? {};
  const left = values.filter((value) => admits(context, shape.own, value));
  if (left.length === 0) throw impossible(pointer, 'none of the values satisfies the other keywords');
  return left.map((value) => gbnfLiteral(JSON.stringify(value))).join(' | ');
}

function alternativesExpression(
  context: SchemaContext,
  shape: Shape,
  group: Alternatives,
  others: readonly Alternatives[],
  hint: string,
): string {
  const shared = [...shape.own, ...others.map(({ source }) => source)];
  if (group.keyword === 'oneOf') requireDisjoint(context, shape, group);
  const ways: string[] = [];
  let reason: SchemaError | null = null;
  for (const branch of group.branches) {
    try {
      ways.push(context.valueRule([...shared, branch], hint));
    } catch (error) {
      // A branch that its neighbours rule out is no way; only if all are, the schema is at fault.
      if (!(error instanceof SchemaError) || error.kind === 'unsupported') throw error;
      reason ??= error;
    }
  }
  if (ways.length === 0 && reason) throw reason;
  return [...new Set(ways)].join(' | ');
}

/** Every pair is compared. */
const maxExclusiveBranches = 100;

function requireDisjoint(context: SchemaContext, shape: Shape, { branches, source }: Alternatives): void {
  if (branches.length > maxExclusiveBranches) {
    throw unsupported(`${source.pointer}/oneOf`, `takes at most ${maxExclusiveBranches} branches; use anyOf`);
  }
  for (const [index, branch] of branches.entries()) {
    for (const [later, other] of branches.slice(index + 1).entries()) {
      if (areDisjoint(context, [...shape.own, branch], [...shape.own, other])) continue;
      const second = index + 1 + later;
      throw unsupported(
        `${source.pointer}/oneOf`,
        `a value may fit both branch ${index} and branch ${second}; tell them apart by a type, a constant or a required property, or use anyOf`,
      );
    }
  }
}
