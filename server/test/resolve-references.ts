/**
 * A document of OpenAPI with what its references to `#/components/…` stand for in their places, as clients read it.
 * Throws for one that refers to nothing.
 */
export function resolveReferences(document: unknown): unknown {
  const resolved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolved);
    if (typeof value !== 'object' || value === null) return value;
    if ('$ref' in value && typeof value.$ref === 'string' && value.$ref.startsWith('#/components/'))
      return resolved(referred(document, value.$ref));
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, resolved(part)]));
  };
  return resolved(document);
}

function referred(document: unknown, reference: string): unknown {
  let found: unknown = document;
  for (const name of reference.split('/').slice(1)) {
    if (typeof found !== 'object' || found === null || !(name in found))
      throw new Error(`${reference} refers to nothing`);
    found = Reflect.get(found, name);
  }
  return found;
}
