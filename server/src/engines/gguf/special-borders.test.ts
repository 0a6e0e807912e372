import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import { hostileTexts } from '../../../test/hostile-texts.ts';
import { testModel } from '../../../test/models.ts';
import { createGgufVocabulary } from './gguf-vocabulary.ts';
import { nativeVocabulary } from './native-vocabulary.ts';
import { createSpecialBorders, type SpecialToken } from './special-borders.ts';

/** What llama.cpp does to a text before anything else: the fragments, special tokens marked with `@`. */
function partition(text: string, specials: readonly SpecialToken[]): string[] {
  const blank = '[ \\t\\n\\v\\f\\r]+';
  const [before, after] = [new RegExp(`${blank}$`), new RegExp(`^${blank}`)];
  let fragments: { readonly text: string; readonly token: boolean }[] = [{ text, token: false }];
  for (const special of specials.toSorted((a, b) => b.text.length - a.text.length))
    fragments = fragments.flatMap((fragment) => {
      if (fragment.token) return [fragment];
      const found: { readonly text: string; readonly token: boolean }[] = [];
      let rest = fragment.text;
      for (let at = rest.indexOf(special.text); at !== -1; at = rest.indexOf(special.text)) {
        const left = rest.slice(0, at);
        rest = rest.slice(at + special.text.length);
        found.push(
          { text: special.stripsLeft ? left.replace(before, '') : left, token: false },
          { text: special.text, token: true },
        );
        if (special.stripsRight) rest = rest.replace(after, '');
      }
      return [...found, { text: rest, token: false }].filter(({ text: kept }) => kept !== '');
    });
  return fragments.map(({ text: kept, token }) => (token ? `@${kept}` : kept));
}

test('whatever the spellings are, the parts of a text hold the special tokens that the whole has', () => {
  const spelling = fc.string({
    unit: fc.constantFrom('<', 'a', 'b', '>', ' '),
    minLength: 1,
    maxLength: 5,
  });
  const rarely = fc.integer({ min: 0, max: 9 }).map((number) => number === 9);
  let parted = 0;
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ text: spelling, stripsLeft: rarely, stripsRight: rarely }), {
        selector: ({ text }) => text,
        minLength: 1,
        maxLength: 6,
      }),
      fc.array(fc.oneof(spelling, fc.nat(5)), { minLength: 1_500, maxLength: 2_500 }),
      (specials, pieces) => {
        const text = pieces
          .map((piece) => (typeof piece === 'string' ? piece : (specials[piece]?.text ?? 'word')))
          .join('');
        const parts = createSpecialBorders(specials)(text);
        if (parts.length > 1) parted += 1;
        assert.equal(parts.join(''), text);
        assert.deepEqual(
          parts.flatMap((part) => partition(part, specials)),
          partition(text, specials),
        );
      },
    ),
    { numRuns: 150, seed: 42, endOnFailure: true },
  );
  assert.ok(parted > 20, `${parted} texts were parted`);
});

test('a context of control tokens is read in a fraction of a second, into the tokens of the whole', async () => {
  const { files } = await testModel('smollm2-135m-instruct');
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
  });
  const model = await llama.loadModel({ modelPath: files['model.gguf'] ?? '', vocabOnly: true });
  const vocabulary = createGgufVocabulary(model);
  const native = nativeVocabulary(model);
  const begun = performance.now();
  const tokens = vocabulary.encodeContinuation('<|im_start|>'.repeat(32_768));
  const tookMs = performance.now() - begun;
  assert.equal(tokens.length, 32_768);
  assert.ok(tookMs < 400, `${tookMs} ms`);
  fc.assert(
    fc.property(hostileTexts(vocabulary.controlTexts), (text) => {
      assert.deepEqual(vocabulary.encodeContinuation(text), native.tokenize(text, true));
      assert.deepEqual(vocabulary.encodePlain(text), native.tokenize(text, false));
    }),
    { numRuns: 40, seed: 7, endOnFailure: true },
  );
  await llama.dispose();
});
