import fc from 'fast-check';

/** Texts of a few thousand pieces: spellings of special tokens, parts of these, white space, and words of many scripts. */
export function hostileTexts(spellings: readonly string[]): fc.Arbitrary<string> {
  const spelling = fc.constantFrom(...spellings.filter((text) => text !== ''));
  const cut = fc
    .tuple(spelling, fc.nat(40), fc.nat(40))
    .map(([text, from, to]) => text.slice(from % text.length, to % (text.length + 1)));
  const space = fc.constantFrom(' ', '  ', '\n', '\n\n', '\t', '\r\n', '\u2581', '\u3000');
  const word = fc.constantFrom('a', 'the word', '<', '|>', '12', 'слово', '漢字', '🙂', 'é', '\u0000', '.');
  const piece = fc.oneof(
    { weight: 5, arbitrary: spelling },
    { weight: 1, arbitrary: cut },
    { weight: 2, arbitrary: space },
    { weight: 2, arbitrary: word },
  );
  return fc.array(piece, { minLength: 400, maxLength: 1_500 }).map((pieces) => pieces.join(''));
}
