export type BlockLanguage = 'sh' | 'python' | 'ts';

/** A fenced block of a page that is marked ```` ```sh run ````: its example is carried out by a test. */
export interface RunnableBlock {
  readonly page: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: BlockLanguage;
  readonly code: string;
}

/** The runnable blocks of a Markdown page in their order. Throws on a language that cannot be run. */
export function runnableBlocks(page: string, text: string): RunnableBlock[] {
  const blocks: RunnableBlock[] = [];
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const opening = /^```(\w+) run$/.exec(lines[index] ?? '');
    if (!opening) continue;
    const closing = lines.indexOf('```', index + 1);
    if (closing === -1) throw new Error(`${page}:${index + 1}: the block is not closed`);
    blocks.push({
      page,
      line: index + 1,
      language: languageOf(opening[1], `${page}:${index + 1}`),
      code: lines.slice(index + 1, closing).join('\n'),
    });
    index = closing;
  }
  return blocks;
}

function languageOf(name: string | undefined, place: string): BlockLanguage {
  if (name === 'sh' || name === 'python' || name === 'ts') return name;
  throw new Error(`${place}: blocks in ${name} cannot be run`);
}
