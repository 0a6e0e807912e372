/** Control characters, and those that turn the direction of writing: a terminal would obey them. */
const obeyed = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;
const obeyedButLines = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu;
/** East Asian wide and full-width forms (Unicode Standard Annex 11), and emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]|\ufe0f/u;
const unseen = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** A text of somebody else's as it may stand in one line of a terminal: what the terminal would obey is shown as �. */
export function oneLine(text: string): string {
  return text.replace(obeyed, '\ufffd');
}

/** The same for a text of several lines, such as a model's answer: line ends and tabs stay. */
export function manyLines(text: string): string {
  return text.replace(obeyedButLines, '\ufffd');
}

/** Columns that a text takes in a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text))
    width += unseen.test(segment) ? 0 : wide.test(segment) ? 2 : 1;
  return width;
}
