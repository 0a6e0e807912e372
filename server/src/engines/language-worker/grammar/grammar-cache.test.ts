import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planTools } from '../tools/tool-plan.ts';
import { createGrammarCache } from './grammar-cache.ts';

test('a grammar is made once for equal values, and again after its place was needed', () => {
  const made: unknown[] = [];
  const cache = createGrammarCache({ entries: 2, characters: 1000 });
  const ask = (value: unknown) =>
    cache.keep(['schema', value], () => {
      made.push(value);
      return `root ::= ${JSON.stringify(value)}`;
    });
  assert.equal(ask({ a: 1 }), ask({ a: 1 }));
  assert.deepEqual(made, [{ a: 1 }]);
  ask(2);
  ask({ a: 1 });
  ask(3);
  ask({ a: 1 });
  assert.deepEqual(made, [{ a: 1 }, 2, 3]);
  ask(2);
  assert.deepEqual(made, [{ a: 1 }, 2, 3, 2]);
});

test('what is kept is bounded by its size, and a failure is not kept', () => {
  let made = 0;
  const cache = createGrammarCache({ entries: 10, characters: 100 });
  const ask = (value: string, length: number) =>
    cache.keep([value], () => {
      made += 1;
      return 'x'.repeat(length);
    });
  for (const value of ['a', 'b', 'a', 'b']) ask(value, 60);
  assert.equal(made, 4);
  ask('too large', 200);
  ask('too large', 200);
  assert.equal(made, 6);
  for (let time = 0; time < 2; time += 1)
    assert.throws(
      () =>
        cache.keep(['f'], () => {
          made += 1;
          throw new Error('no');
        }),
      /no/,
    );
  assert.equal(made, 8);
});

test('tools get the same grammar from the cache as without it, whatever else was asked', () => {
  const grammars = createGrammarCache();
  const base = { reasoning: 'none' as const, parallel: true };
  const tool = (name: string) => ({ type: 'function' as const, function: { name } });
  for (const family of ['hermes', 'grammar', 'llama3', 'mistral'] as const)
    for (const toolChoice of ['auto', 'required', { type: 'function', function: { name: 'b' } }] as const)
      for (const parallel of [true, false])
        for (const tools of [[tool('b')], [tool('a'), tool('b')]]) {
          const input = { ...base, family, toolChoice, parallel, tools };
          const { grammar, lazyTrigger } = planTools(input);
          for (let time = 0; time < 2; time += 1) {
            const kept = planTools({ ...input, grammars });
            assert.equal(kept.grammar, grammar);
            assert.deepEqual(kept.lazyTrigger, lazyTrigger);
          }
        }
});
