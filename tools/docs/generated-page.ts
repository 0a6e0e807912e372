/** A page that is made from the code: its path in the checkout and its text. */
export interface GeneratedPage {
  readonly path: string;
  readonly text: string;
}

/** First line of every generated page. */
export const generatedNotice = '<!-- Generated from the code by `./samovar docs`; edit the code instead. -->';

/** A Markdown table cell: one line, bars escaped. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
