/** Letters that tell a language of these alone. Han characters are Chinese where no kana stand among them. */
const scripts: readonly (readonly [language: string, letters: RegExp])[] = [
  ['ja', /[\u3040-\u30ff]/gu],
  ['zh', /\p{Script=Han}/gu],
  ['ru', /\p{Script=Cyrillic}/gu],
];

/** Frequent small words, few of which the others have. */
const smallWords: Readonly<Record<string, ReadonlySet<string>>> = {
  en: new Set('the and is are of to it that with its has was for on they this an often can be'.split(' ')),
  de: new Set(
    'der die das und ist eine ein mit sich auf den sie es nicht ihr ihre oft sind von im'.split(' '),
  ),
  fr: new Set('le la les et est un une des du qui avec il elle se sur dans son sa ses au'.split(' ')),
  es: new Set('el la los las y es un una con que de en su sus se por son muy del al'.split(' ')),
  it: new Set('il la lo gli le e è un una con che di in sono si del della suo sua molto'.split(' ')),
};

/** The language of a text among those that are asked about; `null` when it cannot be told. */
export function languageOf(text: string): string | null {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  if (letters < 8) return null;
  for (const [language, script] of scripts)
    if ((text.match(script)?.length ?? 0) > letters * (language === 'ja' ? 0.1 : 0.5)) return language;
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const ranked = Object.entries(smallWords)
    .map(([language, known]) => ({ language, hits: words.filter((word) => known.has(word)).length }))
    .sort((a, b) => b.hits - a.hits);
  const [best, second] = ranked;
  if (best === undefined || best.hits < 2 || best.hits === second?.hits) return null;
  return best.language;
}
