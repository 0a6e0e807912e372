import fc from 'fast-check';

/** A schema and a way to make values that satisfy it, written independently of the compiler. */
interface SchemaCase {
  readonly schema: Record<string, unknown>;
  readonly instance: (random: () => number) => unknown;
}

type Case = fc.Arbitrary<SchemaCase>;

const whole = (random: () => number, from: number, to: number) =>
  from + Math.floor(random() * (to - from + 1));
const pick = <T>(random: () => number, items: readonly T[]): T => {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
};
const characters = ['a', 'Z', '0', ' ', '"', '\\', '\n', '/', 'é', '漢', '😀', '{', '\u0001'];
const word = (random: () => number, length: number) =>
  Array.from({ length }, () => pick(random, characters)).join('');

const strings: Case = fc
  .record({ min: fc.option(fc.nat(4)), extra: fc.option(fc.nat(9)) })
  .map(({ min, extra }) => {
    const low = min ?? 0;
    const high = extra === null ? null : low + extra;
    return {
      schema: {
        type: 'string',
        ...(min === null ? {} : { minLength: low }),
        ...(high === null ? {} : { maxLength: high }),
      },
      instance: (random) => word(random, whole(random, low, high ?? low + 12)),
    };
  });

/** Patterns with texts that they match. */
const patterns: readonly (readonly [string, readonly string[]])[] = [
  ['^[A-Z]{2}-\\d{3,5}$', ['AB-123', 'ZZ-00000']],
  ['^(red|green|blue)?$', ['', 'red', 'blue']],
  ['^\\w+@\\w+\\.(com|org)$', ['a@b.com', 'x_1@y.org']],
  ['^(?:\\+\\d{1,3} )?\\d{3}[- ]?\\d{4}$', ['+49 123-4567', '1234567']],
  ['^#[0-9a-fA-F]{6}$', ['#a0B1c2']],
  ['colou?r', ['color', 'my colour "x"']],
  ['^[^\\s"\\\\]+$', ['abc', '€uro']],
  ['^(?!.*--)[a-z](?:[a-z-]*[a-z])?$', ['a', 'a-b-c']],
  ['^\\u0041[\\x42-\\u{44}]\\p{Lu}$', ['ABÄ', 'ADZ']],
  ['^(a|b(c|d)*)+?$', ['a', 'bcdcd', 'aba']],
];
const patterned: Case = fc.constantFrom(...patterns).map(([pattern, texts]) => ({
  schema: { type: 'string', pattern },
  instance: (random) => pick(random, texts),
}));

const formats: Readonly<Record<string, readonly string[]>> = {
  date: ['2024-02-29', '1999-12-31'],
  time: ['23:59:59Z', '00:00:00.123+05:30'],
  'date-time': ['2024-02-29T12:00:00Z', '2001-01-01T01:01:01.5-11:00'],
  duration: ['P3Y6M4DT12H30M5S', 'P2W', 'PT5M'],
  email: ['ada.lovelace+x@example.co.uk', 'a@b.io'],
  hostname: ['localhost', 'www.example.com'],
  ipv4: ['127.0.0.1', '255.255.255.255'],
  ipv6: ['::1', 'fe80::1:2', '1:2:3:4:5:6:7:8'],
  uuid: ['123e4567-e89b-12d3-a456-426614174000'],
  uri: ['https://example.com/a/b?c=d&e=%20#f', 'ftp://h:21/'],
};
const formatted: Case = fc.constantFrom(...Object.entries(formats)).map(([format, texts]) => ({
  schema: { type: 'string', format },
  instance: (random) => pick(random, texts),
}));

const integers: Case = fc
  .record({
    low: fc.option(fc.integer({ min: -5000, max: 5000 })),
    span: fc.option(fc.nat(3000)),
    step: fc.option(fc.integer({ min: 2, max: 50 })),
    exclusive: fc.boolean(),
  })
  .map(({ low, span, step, exclusive }) => {
    const by = step ?? 1;
    const from = low ?? -100 * by;
    const to = from + (span ?? 500) + by + 2;
    return {
      schema: {
        type: 'integer',
        ...(low === null ? {} : exclusive ? { exclusiveMinimum: from } : { minimum: from }),
        ...(span === null ? {} : exclusive ? { exclusiveMaximum: to } : { maximum: to }),
        ...(step === null ? {} : { multipleOf: by }),
      },
      instance: (random) => {
        const first = Math.ceil((from + 1) / by);
        return whole(random, first, Math.floor((to - 1) / by)) * by || 0;
      },
    };
  });

const numbers: Case = fc
  .record({
    low: fc.option(fc.integer({ min: -99999, max: 99999 })),
    span: fc.option(fc.integer({ min: 2, max: 99999 })),
    step: fc.constantFrom(null, null, 0.01),
    exclusive: fc.boolean(),
  })
  // Dividing large numbers by a hundredth is beyond the precision of the validator.
  .filter(({ low, span, step }) => step === null || (low !== null && span !== null))
  .map(({ low, span, step, exclusive }) => {
    const from = (low ?? -5000) / 100;
    const to = ((low ?? -5000) + (span ?? 20000) + 200) / 100;
    return {
      schema: {
        type: 'number',
        ...(low === null ? {} : exclusive ? { exclusiveMinimum: from } : { minimum: from }),
        ...(span === null ? {} : exclusive ? { exclusiveMaximum: to } : { maximum: to }),
        ...(step === null ? {} : { multipleOf: step }),
      },
      instance: (random) => {
        const value = from + 0.01 + random() * (to - from - 0.02);
        return Number(Math.min(to - 0.01, Math.max(from + 0.01, value)).toFixed(step === null ? 3 : 2)) || 0;
      },
    };
  });

const steps: Case = fc.constantFrom(0.5, 0.25, 2.5, 0.125).map((step) => ({
  schema: { type: 'number', multipleOf: step, minimum: -10, maximum: 100 },
  instance: (random) => whole(random, Math.ceil(-10 / step), Math.floor(100 / step)) * step || 0,
}));

const literals: Case = fc
  .uniqueArray(
    fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant({ k: ['v', 1] })),
    {
      minLength: 1,
      maxLength: 4,
      selector: (value) => JSON.stringify(value),
    },
  )
  .map((values) => ({
    schema: values.length === 1 ? { const: values[0] } : { enum: values },
    instance: (random) => pick(random, values),
  }));

const simple: Case = fc.oneof(
  strings,
  patterned,
  formatted,
  integers,
  numbers,
  steps,
  literals,
  fc.constant<SchemaCase>({ schema: { type: 'boolean' }, instance: (random) => random() < 0.5 }),
  fc.constant<SchemaCase>({ schema: { type: 'null' }, instance: () => null }),
  fc.constant<SchemaCase>({
    schema: { type: ['string', 'null', 'integer'] },
    instance: (random) => pick(random, ['x', null, -7]),
  }),
  fc.constant<SchemaCase>({
    schema: {},
    instance: (random) => pick(random, [{ a: [1] }, [], 'x', 1.5e-7, null]),
  }),
);

const propertyNames = ['id', 'name', 'a "b"', 'größe', 'x-y', 'items', 'n1', ''];

/** Any schema that libraries write, nested at most so deep. */
export function schemaCases(depth: number): Case {
  if (depth === 0) return simple;
  const inner = schemaCases(depth - 1);
  return fc.oneof(
    { weight: 2, arbitrary: simple },
    { weight: 4, arbitrary: objects(inner) },
    { weight: 2, arbitrary: arrays(inner) },
    { weight: 1, arbitrary: tuples(inner) },
    { weight: 2, arbitrary: fc.array(inner, { minLength: 1, maxLength: 3 }).map(anyOf) },
    { weight: 1, arbitrary: fc.tuple(inner, inner).map(tagged) },
    { weight: 1, arbitrary: inner.map(dictionary) },
    { weight: 1, arbitrary: fc.tuple(inner, inner).map(merged) },
    { weight: 1, arbitrary: inner.map(tree) },
  );
}

function objects(inner: Case): Case {
  return fc
    .tuple(
      fc.uniqueArray(fc.constantFrom(...propertyNames), { maxLength: 5 }),
      fc.array(inner, { minLength: 5, maxLength: 5 }),
      fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      fc.constantFrom(undefined, false),
    )
    .map(([names, cases, flags, additional]) => ({
      schema: {
        type: 'object',
        title: 'Some',
        properties: Object.fromEntries(names.map((name, index) => [name, cases[index]?.schema])),
        required: names.filter((_, index) => flags[index]),
        ...(additional === undefined ? {} : { additionalProperties: additional }),
      },
      instance: (random) =>
        Object.fromEntries(
          names.flatMap((name, index) =>
            flags[index] || random() < 0.5 ? [[name, cases[index]?.instance(random)]] : [],
          ),
        ),
    }));
}

function arrays(inner: Case): Case {
  return fc.tuple(inner, fc.option(fc.nat(3)), fc.option(fc.nat(4))).map(([item, min, extra]) => {
    const low = min ?? 0;
    const high = extra === null ? null : low + extra;
    return {
      schema: {
        type: 'array',
        items: item.schema,
        ...(min === null ? {} : { minItems: low }),
        ...(high === null ? {} : { maxItems: high }),
      },
      instance: (random) =>
        Array.from({ length: whole(random, low, high ?? low + 4) }, () => item.instance(random)),
    };
  });
}

function tuples(inner: Case): Case {
  return fc
    .tuple(fc.array(inner, { minLength: 1, maxLength: 3 }), fc.option(inner))
    .map(([listed, rest]) => ({
      schema: {
        type: 'array',
        prefixItems: listed.map(({ schema }) => schema),
        items: rest ? rest.schema : false,
        minItems: listed.length,
      },
      instance: (random) => [
        ...listed.map(({ instance }) => instance(random)),
        ...(rest ? Array.from({ length: whole(random, 0, 2) }, () => rest.instance(random)) : []),
      ],
    }));
}

function anyOf(cases: readonly SchemaCase[]): SchemaCase {
  return {
    schema: { anyOf: cases.map(({ schema }) => schema) },
    instance: (random) => pick(random, cases).instance(random),
  };
}

/** A discriminated union, as `oneOf`. */
function tagged([first, second]: readonly [SchemaCase, SchemaCase]): SchemaCase {
  const branch = (tag: string, { schema }: SchemaCase) => ({
    type: 'object',
    properties: { kind: { type: 'string', const: tag }, value: schema },
    required: ['kind', 'value'],
    additionalProperties: false,
  });
  return {
    schema: { oneOf: [branch('first', first), branch('second', second)] },
    instance: (random) =>
      random() < 0.5
        ? { kind: 'first', value: first.instance(random) }
        : { kind: 'second', value: second.instance(random) },
  };
}

function dictionary(value: SchemaCase): SchemaCase {
  return {
    schema: { type: 'object', propertyNames: { type: 'string' }, additionalProperties: value.schema },
    instance: (random) =>
      Object.fromEntries(
        Array.from({ length: whole(random, 0, 3) }, (_, index) => [
          word(random, 3) + index,
          value.instance(random),
        ]),
      ),
  };
}

/** Two object schemas that hold together. */
function merged([first, second]: readonly [SchemaCase, SchemaCase]): SchemaCase {
  return {
    schema: {
      allOf: [
        { type: 'object', properties: { left: first.schema }, required: ['left'] },
        { type: 'object', properties: { right: second.schema, left: {} } },
      ],
    },
    instance: (random) => ({ left: first.instance(random), right: second.instance(random) }),
  };
}

/** A recursive type; `wholeSchema` moves it to the definitions. */
function tree(value: SchemaCase): SchemaCase {
  const instance = (random: () => number, depth: number): unknown => ({
    value: value.instance(random),
    children: Array.from({ length: depth === 0 ? 0 : whole(random, 0, 2) }, () =>
      instance(random, depth - 1),
    ),
  });
  return {
    schema: {
      $anchor: 'tree',
      type: 'object',
      properties: { value: value.schema, children: { type: 'array', items: { $ref: '#/$defs/tree' } } },
      required: ['value', 'children'],
      additionalProperties: false,
    },
    instance: (random) => instance(random, 2),
  };
}

/** The schema as a document: recursive types become definitions with references to them. */
export function wholeSchema(schema: Record<string, unknown>): Record<string, unknown> {
  const definitions: Record<string, unknown> = {};
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    const copy: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) copy[key] = walk(inner);
    if (copy.$anchor !== 'tree') return copy;
    const name = `Tree ${Object.keys(definitions).length}/~`;
    const reference = {
      $ref: `#/$defs/${encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))}`,
    };
    const { $anchor: _, properties, ...rest } = copy;
    definitions[name] = {
      ...rest,
      properties: { ...Object(properties), children: { type: 'array', items: reference } },
    };
    return reference;
  };
  const root = Object(walk(schema)) as Record<string, unknown>;
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...root, $defs: definitions };
}
