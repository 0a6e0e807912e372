import type { TokenPiece } from '@samovar/contract/worker-protocol';
import type { Vocabulary } from './vocabulary.ts';

/**
 * The text of each token, control tokens spelled out and marked. A character that spans several tokens stands with the
 * one that completes it, the others are empty: so the texts joined are the whole text, and each is well formed. Bytes
 * that never become a character are shown as U+FFFD, by the token that breaks off.
 */
export function tokenTexts(
  vocabulary: Pick<Vocabulary, 'bytes' | 'isControl'>,
  tokens: Uint32Array,
): TokenPiece[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const pieces: { text: string; special: boolean }[] = [];
  const breakOff = () => {
    const last = pieces.at(-1);
    const cut = decoder.decode();
    if (last !== undefined) last.text += cut;
  };
  for (const token of tokens) {
    const special = vocabulary.isControl(token);
    if (special) breakOff();
    pieces.push({ text: decoder.decode(vocabulary.bytes(token), { stream: true }), special });
  }
  breakOff();
  return pieces;
}
