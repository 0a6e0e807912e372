import { randomBytes } from 'node:crypto';

/** A part of a rendered prompt. `literal`: what looks like a control token in it was said by someone, and is text. */
export interface PromptPiece {
  readonly text: string;
  readonly literal: boolean;
}

/** Keeps what messages say apart from what the template says, for one prompt. */
export interface ControlTextGuard {
  /** The text with a stand-in for each spelling of a control token; the same text where it has none. */
  hide(text: string): string;
  /** How many control tokens the template has put into the rendered prompt. */
  countControls(rendered: string): number;
  /** The rendered prompt in parts, the stand-ins turned back into what they stood for. */
  split(rendered: string): PromptPiece[];
}

/** Makes guards for a vocabulary; `controlTexts` are the spellings that its tokenizer takes for control tokens. */
export function createControlTextGuards(controlTexts: readonly string[]): () => ControlTextGuard {
  const spellings = [...controlTexts].filter((text) => text !== '').sort((a, b) => b.length - a.length);
  if (spellings.length === 0)
    return () => ({ hide: (text) => text, countControls: () => 0, split: asOnePiece });
  const spelled = new RegExp(spellings.map(RegExp.escape).join('|'), 'g');
  const places = new Map(spellings.map((text, index) => [text, index]));
  return () => {
    // Unguessable, so that no message can hold a stand-in of its own; letters and digits, so that JSON keeps it.
    const name = `said${randomBytes(12).toString('hex')}x`;
    let used = false;
    return {
      hide: (text) =>
        text.replace(spelled, (found) => {
          used = true;
          return `${name}${places.get(found)}x`;
        }),
      countControls: (rendered) => rendered.match(spelled)?.length ?? 0,
      split(rendered) {
        if (!used) return asOnePiece(rendered);
        const parts = rendered.split(new RegExp(`${name}(\\d+)x`));
        return parts
          .map((part, at) =>
            at % 2 === 0
              ? { text: part, literal: false }
              : { text: spellings[Number(part)] ?? '', literal: true },
          )
          .filter(({ text }, at) => at === 0 || text !== '');
      },
    };
  };
}

function asOnePiece(rendered: string): PromptPiece[] {
  return [{ text: rendered, literal: false }];
}

/** A copy of a JSON value with each of its texts, names of members included, put through `change`. */
export function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [change(name), mapTexts(item, change)]),
  );
}
