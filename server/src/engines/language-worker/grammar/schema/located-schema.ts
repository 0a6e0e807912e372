import { unsupported } from './schema-error.ts';

/** A schema inside the root schema. */
export interface LocatedSchema {
  readonly schema: unknown;
  /** JSON pointer from the root; with `part`, it identifies the schema. */
  readonly pointer: string;
  /** `own`: without `$ref`, `allOf`, `anyOf` and `oneOf`; the latter two: that keyword alone. */
  readonly part: 'all' | 'own' | 'anyOf' | 'oneOf';
}

/** Several schemas that a value must satisfy together. Empty: any value. */
export type Conjunction = readonly LocatedSchema[];

export type SchemaObject = Readonly<Record<string, unknown>>;

export function located(schema: unknown, pointer: string): LocatedSchema {
  return { schema, pointer, part: 'all' };
}

/** A step down in a JSON pointer (RFC 6901). */
export function pointerTo(pointer: string, ...steps: readonly (string | number)[]): string {
  return steps.reduce<string>(
    (path, step) => `${path}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    pointer,
  );
}

export function isSchemaObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same schemas in any order have the same key. */
export function conjunctionKey(conjunction: Conjunction): string {
  return [...new Set(conjunction.map(({ pointer, part }) => `${part} ${pointer}`))].sort().join('\n');
}

/** The schema that a local reference points at. */
export function resolveReference(root: unknown, reference: unknown, pointer: string): LocatedSchema {
  const at = pointerTo(pointer, '$ref');
  if (typeof reference !== 'string') throw unsupported(at, 'a reference is a text');
  if (reference === '#') return located(root, '');
  if (!reference.startsWith('#/')) {
    throw unsupported(at, `only references inside this schema (#/…) are followed, not "${reference}"`);
  }
  let target = root;
  for (const step of reference.slice(2).split('/')) {
    const name = decodeStep(step, at);
    if (typeof target !== 'object' || target === null || !Object.hasOwn(target, name)) {
      throw unsupported(at, `there is nothing at "${reference}"`);
    }
    target = (target as SchemaObject)[name];
  }
  return located(
    target,
    reference
      .slice(1)
      .split('/')
      .map((step) => decodeStep(step, at))
      .reduce((path, step, index) => (index === 0 ? path : pointerTo(path, step)), ''),
  );
}

function decodeStep(step: string, at: string): string {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    throw unsupported(at, 'the reference is not encoded correctly');
  }
}
