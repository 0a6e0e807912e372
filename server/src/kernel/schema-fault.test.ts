import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type, { type TSchema } from 'typebox';
import Value from 'typebox/value';
import { firstFault } from './schema-fault.ts';

function told(schema: TSchema, value: unknown): string {
  const { kind, path, reason } = firstFault(Value.Errors(schema, value));
  return `${kind} ${path} ${reason}`;
}

const states = Type.Enum(['ready', 'failed']);

test('a value that is none of those allowed is told which are', () => {
  const schema = Type.Object({ state: Type.Optional(Type.Union([states, Type.Null()])) });
  assert.equal(
    told(Type.Object({ state: states }), { state: 'x' }),
    'invalid /state must be one of "ready", "failed"',
  );
  assert.equal(told(schema, { state: 'x' }), 'invalid /state must be one of "ready", "failed" or null');
  assert.equal(
    told(Type.Object({ all: Type.Array(states) }), { all: ['ready', 'x'] }),
    'invalid /all/1 must be one of "ready", "failed"',
  );
  assert.equal(
    told(Type.Object({ current: Type.Literal(true) }), { current: false }),
    'invalid /current must be true',
  );
});

test('what is missing or unknown is named, and a limit is told', () => {
  const inner = Type.Object({ a: Type.String(), n: Type.Optional(Type.Integer({ minimum: 1 })) });
  const schema = Type.Object({ inner: Type.Union([inner, Type.Null()]) }, { additionalProperties: false });
  assert.equal(told(schema, { inner: {} }), 'missing /inner/a is required');
  assert.equal(told(schema, { inner: { a: 'x', n: 0 } }), 'invalid /inner/n must be >= 1');
  assert.equal(told(schema, { inner: 3 }), 'invalid /inner must be object or null');
  assert.equal(told(schema, { inner: null, b: 1 }), 'unknown /b is no field of it');
  assert.equal(
    told(Type.Object({}, { minProperties: 1 }), {}),
    'invalid  must not have fewer than 1 properties',
  );
});
