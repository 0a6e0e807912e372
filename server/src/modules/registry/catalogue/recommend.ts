import type { CatalogueItem } from './catalogue-item.ts';

/** What a model needs of a machine's memory, in words. */
export interface MemoryFit {
  readonly fits: boolean;
  readonly neededBytes: number;
  /** `null` where no machine with models is known. */
  readonly budgetBytes: number | null;
  readonly explanation: string;
}

/** What people do with a model, the best first: where that does not fit, less is still of use. */
const uses = [
  { contextTokens: 8192, sequences: 4 },
  { contextTokens: 8192, sequences: 1 },
  { contextTokens: 4096, sequences: 1 },
  { contextTokens: 2048, sequences: 1 },
] as const;
/** Buffers of an engine beside weights and sequences, as measured with small models. */
const bufferBytes = 256 * 1024 * 1024;

/** Whether a model fits the memory that a machine gives to models, and with which context for how many at once. */
export function memoryFit(item: CatalogueItem, budgetBytes: number | null): MemoryFit {
  const longest = item.contextTokens ?? uses[0].contextTokens;
  const judged = uses.map((use) => {
    const contextTokens = Math.min(longest, use.contextTokens);
    const { weightsBytes, perTokenBytes } = item.memory;
    const neededBytes = weightsBytes + perTokenBytes * contextTokens * use.sequences + bufferBytes;
    return { contextTokens, sequences: use.sequences, neededBytes };
  });
  const [best] = judged;
  const chosen = judged.find(({ neededBytes }) => budgetBytes !== null && neededBytes <= budgetBytes);
  const shown = chosen ?? judged.at(-1) ?? best;
  if (shown === undefined) throw new Error('there is no use of a model');
  const about = item.memory.estimated ? 'about ' : '';
  const of = budgetBytes === null ? '' : ` of ${gigabytes(budgetBytes)}`;
  const need = `${about}${gigabytes(shown.neededBytes)}${of} GB`;
  const explanation = `${chosen ? 'fits' : 'needs'}${usedWith(item, shown)}: ${need}`;
  return { fits: chosen !== undefined, neededBytes: shown.neededBytes, budgetBytes, explanation };
}

/** Models that keep nothing of a text need the same for any. */
function usedWith(
  { memory }: CatalogueItem,
  { contextTokens, sequences }: { readonly contextTokens: number; readonly sequences: number },
): string {
  if (memory.perTokenBytes === 0) return '';
  const kilo = contextTokens % 1024 === 0 ? `${contextTokens / 1024}k` : String(contextTokens);
  return ` with ${kilo} context and ${sequences === 1 ? 'one request at a time' : `${sequences} parallel requests`}`;
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}

export interface Recommendation {
  readonly item: CatalogueItem;
  readonly memory: MemoryFit;
  /** It runs here: an engine of this release, and its memory fits. */
  readonly recommended: boolean;
}

/** The catalogue with what runs on a machine with this budget first, the largest of those before smaller ones. */
export function recommend(
  items: readonly CatalogueItem[],
  budgetBytes: number | null,
): readonly Recommendation[] {
  const judged = items.map((item) => {
    const memory = memoryFit(item, budgetBytes);
    return { item, memory, recommended: item.engine !== null && memory.fits };
  });
  return judged.sort(
    (left, right) =>
      Number(right.recommended) - Number(left.recommended) ||
      right.item.parameters - left.item.parameters ||
      left.item.name.localeCompare(right.item.name),
  );
}
