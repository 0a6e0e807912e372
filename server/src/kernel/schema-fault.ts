/** A fault as the library of schemas tells it, as far as it is read. */
export interface ToldFault {
  readonly keyword: string;
  /** The part of the schema that tells it. */
  readonly schemaPath: string;
  /** `/targets/0/weight`; empty for the whole. */
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

export interface SchemaFault {
  readonly kind: 'unknown' | 'missing' | 'invalid';
  /** `/targets/0/weight`, with the name of what is unknown or missing; empty for the whole. */
  readonly path: string;
  /** In words, with what would be allowed: `must be one of "a", "b"`. */
  readonly reason: string;
}

/** What is wrong with a value, of all that a check of its schema found: the first fault that says why. */
export function firstFault(faults: readonly ToldFault[]): SchemaFault {
  // Of a union and of a closed object there is a second fault behind the one that says more.
  const fault = faults.find(({ keyword }) => !['anyOf', 'boolean'].includes(keyword)) ?? faults[0];
  if (!fault) return { kind: 'invalid', path: '', reason: 'does not fit the schema' };
  const [name] = namesIn(fault.params);
  const path = name === undefined ? fault.instancePath : `${fault.instancePath}/${name}`;
  if (fault.keyword === 'additionalProperties') return { kind: 'unknown', path, reason: 'is no field of it' };
  if (fault.keyword === 'required') return { kind: 'missing', path, reason: 'is required' };
  const { instancePath, schemaPath } = fault;
  const others = faults.filter((one) => one.instancePath === instancePath && one.schemaPath !== schemaPath);
  const reasons = [fault, ...others].map(reasonOf).filter((reason) => reason !== null);
  return { kind: 'invalid', path, reason: join([...new Set(reasons)]) ?? fault.message };
}

/** `null` for what only sums others up. */
function reasonOf({ keyword, params, message }: ToldFault): string | null {
  if (keyword === 'anyOf') return null;
  if (keyword === 'enum' && 'allowedValues' in params && Array.isArray(params.allowedValues))
    return `must be one of ${params.allowedValues.map((value) => JSON.stringify(value)).join(', ')}`;
  if (keyword === 'const' && 'allowedValue' in params)
    return `must be ${JSON.stringify(params.allowedValue)}`;
  return message;
}

/** `must be one of "a", "b" or null`: what each branch of a union asks for. */
function join(reasons: readonly string[]): string | null {
  const [first, ...others] = reasons;
  if (first === undefined) return null;
  const alike = others.filter((other) => other.startsWith('must be '));
  return first.startsWith('must be ')
    ? [first, ...alike.map((other) => other.slice('must be '.length))].join(' or ')
    : first;
}

/** Property names that a `required` or `additionalProperties` fault speaks of. */
function namesIn(params: object): string[] {
  for (const [name, value] of Object.entries(params))
    if (/properties/i.test(name) && Array.isArray(value)) return value.map(String);
  return [];
}
