/** A text on one line: no space around it, every run of space and line breaks one space. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s+/gu, ' ');
}
