import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import fc from 'fast-check';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import * as z from 'zod';
import { matchGbnf } from '../../../../test/grammar/match-gbnf.ts';
import { parseGbnf } from '../../../../test/grammar/parse-gbnf.ts';
import { createGbnfSampler } from '../../../../test/grammar/sample-gbnf.ts';
import { schemaCases, wholeSchema } from '../../../../test/grammar/schema-case.ts';
import { SamovarError } from '../../../kernel/errors.ts';
import { compileJsonSchema } from './compile-schema.ts';
import { jsonObjectGrammar } from './json-grammar.ts';

const ajv = new Ajv2020({ strict: false, multipleOfPrecision: 9, allErrors: false, validateSchema: false });
addFormatsModule.default(ajv);

const llama = await getLlama({ build: 'never', skipDownload: true, logLevel: LlamaLogLevel.error });

describe('compileJsonSchema', () => {
  it('gives, for 200 schemas as libraries write them, only valid texts and accepts valid values', async () => {
    const seen: string[] = [];
    await fc.assert(
      fc.asyncProperty(schemaCases(3), fc.integer({ min: 1 }), async ({ schema, instance }, seed) => {
        const whole = wholeSchema(schema);
        const text = compiledUnlessTooLarge(whole);
        // Drawn again: what is too large is refused, and says so.
        fc.pre(text !== null);
        seen.push(text);
        await llama.createGrammar({ grammar: text });
        const grammar = parseGbnf(text);
        const validate = ajv.compile(whole);
        const random = randomFrom(seed);
        const sample = createGbnfSampler(grammar);
        for (let count = 0; count < 8; count++) {
          const sentence = sample(random);
          assert.ok(validate(JSON.parse(sentence)), `${sentence}\n${JSON.stringify(validate.errors)}`);
          assert.ok(matchGbnf(grammar, sentence).accepted, `own sentence: ${sentence}`);
        }
        for (let count = 0; count < 4; count++) {
          const value = instance(random);
          assert.ok(validate(value), `${JSON.stringify(value)}: ${JSON.stringify(validate.errors)}`);
          assert.ok(
            matchGbnf(grammar, JSON.stringify(value)).accepted,
            `valid value: ${JSON.stringify(value)}`,
          );
        }
      }),
      { numRuns: 200 },
    );
    assert.ok(seen.length >= 200);
  });

  for (const [name, type] of Object.entries(zodTypes())) {
    it(`keeps to what Zod says of ${name}`, async () => {
      const text = compileJsonSchema(z.toJSONSchema(type));
      await llama.createGrammar({ grammar: text });
      const sample = createGbnfSampler(parseGbnf(text));
      const random = randomFrom(7);
      for (let count = 0; count < 40; count++) {
        const sentence = sample(random);
        const { success } = type.safeParse(JSON.parse(sentence));
        assert.ok(success, sentence);
      }
    });
  }

  for (const [name, schema, accepted, rejected] of examples()) {
    it(`handles ${name}`, async () => {
      const text = compileJsonSchema(schema);
      await llama.createGrammar({ grammar: text });
      const grammar = parseGbnf(text);
      for (const value of accepted)
        assert.ok(matchGbnf(grammar, JSON.stringify(value)).accepted, JSON.stringify(value));
      for (const value of rejected)
        assert.ok(!matchGbnf(grammar, JSON.stringify(value)).accepted, JSON.stringify(value));
    });
  }

  for (const [name, schema, parameter, reason] of refusals()) {
    it(`refuses ${name} by name`, () => {
      assert.throws(
        () => compileJsonSchema(schema),
        (error) => {
          assert.ok(error instanceof SamovarError);
          assert.equal(error.code, 'request.invalid');
          assert.equal(error.params.parameter, `response_format.json_schema.schema${parameter}`);
          assert.match(String(error.params.reason), reason);
          return true;
        },
      );
    });
  }

  it('bounds white space, so that an answer cannot run away in it', () => {
    const grammar = parseGbnf(jsonObjectGrammar);
    assert.ok(matchGbnf(grammar, '{\n  "a": [1, 2]\n}').accepted);
    assert.ok(!matchGbnf(grammar, `{${' '.repeat(30)}"a":1}`).accepted);
    const schema = parseGbnf(
      compileJsonSchema({ type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }),
    );
    assert.ok(matchGbnf(schema, '{"a": 1}').accepted);
    assert.ok(!matchGbnf(schema, '{"a":  1}').accepted);
    assert.ok(!matchGbnf(schema, '{"a":1} ').accepted);
  });

  it('compiles a hundred nested objects and three hundred properties within two seconds', () => {
    let nested: unknown = { type: 'string', maxLength: 40 };
    for (let depth = 0; depth < 100; depth++)
      nested = { type: 'object', properties: { inner: nested }, required: ['inner'] };
    const wide = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`p${index}`, { type: 'integer', minimum: index }]),
    );
    const began = performance.now();
    compileJsonSchema(nested);
    compileJsonSchema({ type: 'object', properties: wide, additionalProperties: false });
    assert.ok(performance.now() - began < 2000, `${performance.now() - began} ms`);
  });
});

function zodTypes(): Record<string, z.ZodType> {
  return {
    email: z.email(),
    'an ISO date': z.iso.date(),
    'an ISO date and time': z.iso.datetime(),
    'an ISO time': z.iso.time(),
    'an ISO duration': z.iso.duration(),
    'a UUID': z.uuid(),
    'a UUID of version 7': z.uuidv7(),
    'a URL': z.url(),
    'an IPv4 address': z.ipv4(),
    'an IPv6 address': z.ipv6(),
    'a host name': z.hostname(),
    base64: z.base64(),
    'an E.164 number': z.e164(),
    'a nanoid': z.nanoid(),
    'a text with a beginning and a part': z.string().startsWith('ab').includes('"c"').max(20),
    'a positive integer': z.int().positive(),
    'a step of numbers': z.number().multipleOf(0.5).min(-2).max(2),
    'numbers strictly inside limits': z.number().gt(0.25).lt(100.5),
    'a tuple with a rest': z.tuple([z.string()], z.number()),
    'a record of listed keys': z.record(z.enum(['a', 'b c']), z.int()),
    'a partial record': z.partialRecord(z.enum(['a', 'b c']), z.boolean()),
    'a discriminated union': z.discriminatedUnion('t', [
      z.object({ t: z.literal('a') }),
      z.object({ t: z.literal('b'), n: z.int().nullable().optional() }),
    ]),
    'an intersection': z.intersection(z.object({ a: z.string() }), z.object({ b: z.number() })),
    'a loose object': z.looseObject({ a: z.string().optional() }),
    literals: z.literal([1, 'a', null]),
    'a recursive category': z.object({
      name: z.string().max(10),
      get sub() {
        return z.array(z.object({ name: z.string().min(1) })).max(2);
      },
    }),
  };
}

function examples(): [string, unknown, unknown[], unknown[]][] {
  const person = {
    type: 'object',
    properties: { a: { type: 'integer' }, b: { type: 'string' } },
    required: ['a'],
  };
  return [
    [
      'optional properties',
      person,
      [{ a: 1 }, { a: 1, b: 'x' }],
      [{}, { b: 'x' }, { a: '1' }, { a: 1, c: 2 }],
    ],
    [
      'Pydantic optionals',
      { anyOf: [{ type: 'integer' }, { type: 'null' }], default: null },
      [3, null],
      ['3', 3.5],
    ],
    ['nullable of OpenAPI', { type: 'string', nullable: true, minLength: 2 }, ['ab', null], ['a', 1]],
    [
      'enum narrowed by its neighbours',
      { enum: ['a', 'bb', 1, null], type: 'string', minLength: 2 },
      ['bb'],
      ['a', 1, null],
    ],
    [
      'a reference with neighbours',
      { $defs: { S: { type: 'string' } }, $ref: '#/$defs/S', maxLength: 2 },
      ['ab'],
      ['abc', 1],
    ],
    [
      'limits of lengths beyond a thousand',
      { type: 'string', minLength: 700, maxLength: 70_001 },
      ['x'.repeat(700), 'y'.repeat(70_001)],
      ['x'.repeat(699), 'y'.repeat(70_002)],
    ],
    ['a maximum that no answer reaches', { type: 'string', maxLength: 1e9 }, ['', 'x'], [1]],
    [
      'dictionaries of patterns',
      { type: 'object', patternProperties: { '^x-': { type: 'integer' } }, additionalProperties: false },
      [{ 'x-a': 1 }, {}],
      [{ y: 1 }, { 'x-a': 'b' }],
    ],
    [
      'a least number of properties',
      { type: 'object', additionalProperties: { type: 'integer' }, minProperties: 1 },
      [{ a: 1 }],
      [{}],
    ],
    [
      'a greatest number of properties',
      { type: 'object', properties: { a: {}, b: {}, c: {} }, maxProperties: 2 },
      [{ a: 1, c: 2 }, {}],
      [{ a: 1, b: 2, c: 3 }],
    ],
    [
      'arrays of draft 7 with listed items',
      { type: 'array', items: [{ type: 'integer' }], additionalItems: { type: 'string' } },
      [[1, 'a'], [1]],
      [['a'], [1, 2]],
    ],
    ['objects as constants', { const: { a: [1, null] } }, [{ a: [1, null] }], [{ a: [1] }]],
    [
      'a property that is forbidden',
      { type: 'object', properties: { a: { not: {} }, b: {} }, required: ['b'] },
      [{ b: 1 }],
      [{ a: 1, b: 1 }],
    ],
    [
      'code points outside the first plane as one character',
      { type: 'string', minLength: 1, maxLength: 1 },
      ['😀', 'é', '"'],
      ['', '😀😀'],
    ],
    [
      'branches that their neighbours rule out',
      { type: 'string', anyOf: [{ type: 'integer' }, { maxLength: 1 }] },
      ['a'],
      [1, 'ab'],
    ],
    ['true as any value', true, [{ a: 1 }, null, 'x'], []],
    [
      'large integers exactly',
      { type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 },
      [9007199254740991, -9007199254740991, 0],
      [],
    ],
    [
      'an integer range across zero',
      { type: 'integer', minimum: -5, exclusiveMaximum: 12 },
      [-5, 0, 11],
      [-6, 12, 100],
    ],
  ];
}

function refusals(): [string, unknown, string, RegExp][] {
  const object = (properties: unknown, rest = {}) => ({ type: 'object', properties, ...rest });
  return [
    [
      'a minimum above the maximum',
      object({ n: { type: 'number', minimum: 3, maximum: 1 } }),
      '.properties.n.maximum',
      /at most 1 and at least 3/,
    ],
    ['lengths out of order', { type: 'string', minLength: 3, maxLength: 1 }, '.maxLength', /less than/],
    ['an empty enum', { enum: [] }, '.enum', /no value/],
    ['an empty anyOf', { anyOf: [] }, '.anyOf', /empty list/],
    ['an enum that its type rules out', { type: 'integer', enum: ['a'] }, '.enum', /none of the values/],
    [
      'a required property that is not allowed',
      object({ a: {} }, { required: ['b'], additionalProperties: false }),
      '.required',
      /"b" is required/,
    ],
    ['a reference to nowhere', { $ref: '#/$defs/Missing' }, '.$ref', /nothing at/],
    [
      'a remote reference',
      { items: { $ref: 'https://example.com/s.json' } },
      '.items.$ref',
      /only references inside/,
    ],
    [
      'a reference to itself',
      { $defs: { A: { anyOf: [{ $ref: '#/$defs/A' }, { type: 'null' }] } }, $ref: '#/$defs/A' },
      '.$defs.A.anyOf.0',
      /back to itself/,
    ],
    [
      'an object that must contain itself',
      { $defs: { N: object({ next: { $ref: '#/$defs/N' } }, { required: ['next'] }) }, $ref: '#/$defs/N' },
      '.$defs.N.properties.next',
      /contain itself/,
    ],
    [
      'oneOf with branches that overlap',
      { oneOf: [{ type: 'string' }, { type: 'string', minLength: 2 }] },
      '.oneOf',
      /branch 0 and branch 1/,
    ],
    [
      'items that must be unique',
      { type: 'array', items: {}, uniqueItems: true },
      '.uniqueItems',
      /cannot compare/,
    ],
    ['conditions', { if: {}, else: {} }, '.if', /conditions/],
    ['negation', { not: { type: 'string' } }, '.not', /negation/],
    ['an unknown format', { type: 'string', format: 'iban' }, '.format', /"iban" is not known/],
    ['a back reference', { type: 'string', pattern: '(a)\\1' }, '.pattern', /back references/],
    ['a malformed pattern', { type: 'string', pattern: '(a' }, '.pattern', /not closed/],
    ['a pattern that explodes', { type: 'string', pattern: '^(.*a.{25})+$' }, '.pattern', /too complex/],
    [
      'a pattern and a length that exclude each other',
      { type: 'string', pattern: '^abc$', maxLength: 2 },
      '.pattern',
      /no value/,
    ],
    ['a step too fine', { type: 'number', multipleOf: 0.000123457 }, '.multipleOf', /too fine/],
    ['a schema that is no schema', object({ a: 5 }), '.properties.a', /a schema is an object/],
    ['a keyword of a wrong type', { type: 'string', minLength: '3' }, '.minLength', /whole number/],
    ['a type that does not exist', { type: 'float' }, '.type', /no type "float"/],
    [
      'an answer of a million characters at least',
      { type: 'string', minLength: 10_000_000 },
      '.minLength',
      /that long/,
    ],
  ];
}

/** A small generator of random numbers (mulberry32), so that a failure can be repeated. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The grammar, or `null` for a schema that is refused for its size alone. */
function compiledUnlessTooLarge(schema: unknown): string | null {
  try {
    return compileJsonSchema(schema);
  } catch (error) {
    if (error instanceof SamovarError && String(error.params.reason).includes('too large')) return null;
    throw error;
  }
}
