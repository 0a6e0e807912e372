import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patternMatcher } from './matches-pattern.ts';

test('a pattern names files by stars and choices, at any depth where it says so', () => {
  for (const [pattern, path, named] of [
    ['*.gguf', 'a.gguf', true],
    ['*.gguf', 'x/a.gguf', false],
    ['**/*.gguf', 'a.gguf', true],
    ['**/*.gguf', 'x/y/a.gguf', true],
    ['x/**', 'x/y/a.gguf', true],
    ['x/**', 'y/a.gguf', false],
    ['x/{a,b}.gguf', 'x/b.gguf', true],
    ['x/{a,b}.gguf', 'x/c.gguf', false],
    ['{a,b{1,2}}', 'b2', true],
    ['*{Q4,Q8}*.gguf', 'm-Q8_0.gguf', true],
    ['{a}', '{a}', true],
    ['a*a', 'a', false],
    ['(.*)+', 'aaaa', false],
  ] as const)
    assert.equal(patternMatcher(pattern)?.(path), named, `${pattern} ${path}`);
});

test('no pattern takes long or much memory', () => {
  assert.equal(patternMatcher('{a,b}'.repeat(40)), null);
  assert.equal(patternMatcher(`{${'a,'.repeat(1000)}}`), null);
  assert.equal(patternMatcher(`${'*a'.repeat(500)}*b`)?.('a'.repeat(1000)), false);
  assert.equal(patternMatcher(`${'**/a/'.repeat(200)}b`)?.('a/'.repeat(500)), false);
});
