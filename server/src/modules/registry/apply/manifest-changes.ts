import type { PlanChange } from './declared-set.ts';

/** What differs between two documents, field by field; lists are one field. */
export function changesBetween(before: object, after: object, prefix = ''): PlanChange[] {
  const [old, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((name): PlanChange[] => {
    const [from, to] = [old.get(name), now.get(name)];
    if (textOf(from) === textOf(to)) return [];
    if (isRecord(from) && isRecord(to)) return changesBetween(from, to, `${prefix}${name}.`);
    return [{ field: prefix + name, from: from ?? null, to: to ?? null }];
  });
}

/** Fields in the order of their names, so that only what is said counts. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
