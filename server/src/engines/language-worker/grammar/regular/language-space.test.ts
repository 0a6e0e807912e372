import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SamovarError } from '../../../../kernel/errors.ts';
import { compileJsonSchema } from '../compile-schema.ts';

const compile = (pattern: string) => compileJsonSchema({ type: 'string', pattern });

test('counted repetitions nested in each other are refused before they stall the streams beside them', () => {
  for (const pattern of [
    '^(((a{1,30}){1,30}){1,30}){1,30}(b|c)*d$',
    '^((a{1,30}){1,30}){1,3}$',
    '^((a{1,9}){1,9}){1,9}$',
  ]) {
    const before = performance.now();
    assert.throws(
      () => compile(pattern),
      (error) => error instanceof SamovarError && error.code === 'request.invalid',
    );
    assert.ok(performance.now() - before < 10_000, pattern);
  }
});

test('patterns as people write them are kept to', () => {
  for (const pattern of [
    '^[a-z0-9._%+-]{1,64}@([a-z0-9-]{1,63}\\.){1,8}[a-z]{2,10}$',
    '^(\\d{1,3}\\.){3}\\d{1,3}$',
  ])
    assert.notEqual(compile(pattern), '');
});
