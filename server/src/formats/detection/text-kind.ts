/**
 * Whether the beginning of a file is UTF-8 text, and of what kind; `null` when it is not. `cut`: the file goes on.
 * A pickle of protocol 0 is text too: its calls give it away.
 */
export function textKind(head: Buffer, cut: boolean): 'json' | 'text' | 'pickle' | null {
  const text = decoded(head, cut);
  if (text === null || hasControlCharacters(text)) return null;
  if (/^(?:\(?[a-z]?)*c[A-Za-z_][\w.]*\n[A-Za-z_]\w*\n/.test(text.slice(0, 400)) && /[(Rtb.]/.test(text))
    return 'pickle';
  return /^\s*[{[]/.test(text) ? 'json' : 'text';
}

function decoded(head: Buffer, cut: boolean): string | null {
  try {
    // A character that the cut went through is left out.
    return new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: cut });
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function hasControlCharacters(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 && unit !== 0x09 && unit !== 0x0a && unit !== 0x0c && unit !== 0x0d) return true;
  }
  return false;
}
