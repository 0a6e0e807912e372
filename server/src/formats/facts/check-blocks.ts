import { refusal } from '../refuse-files.ts';
import { type BlockPlan, type BlockSizes, sizesOf } from './block-tensors.ts';

export interface CheckedBlocks {
  /** What messages call the file. */
  readonly path: string;
  /** What messages call the kind of model. */
  readonly kind: string;
  readonly plan: BlockPlan;
  /** How many the model says that it has. */
  readonly count: number;
  sizesOf(block: number): BlockSizes;
  /** Shapes by name, the fastest dimension first. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** The file's name of a tensor of a block; `name` as in the plan, with its ending. */
  nameOf(block: number, name: string): string;
}

/** What a person can do about a file that is not what it says. */
export const takeAnother = 'download it again, or ask its publisher for a sound file';

/**
 * Holds the tensors of each block against what its kind of model needs: none missing, each of the shape that the model
 * says. Tensors that nobody asks for are left alone. Throws `model.refused`.
 */
export function checkBlocks(checked: CheckedBlocks): void {
  const { path, kind, plan, count, shapes } = checked;
  for (let block = 0; block < count; block += 1) {
    for (const needed of plan.needed) {
      const names = [needed].flat().map((name) => checked.nameOf(block, withEnding(name)));
      if (!names.some((name) => shapes.has(name)))
        throw refusal(`${path} lacks ${names[0]}, which each block of a ${kind} model has: ${takeAnother}`);
    }
    checkShapes(checked, block);
  }
}

function checkShapes(checked: CheckedBlocks, block: number): void {
  const { plan, shapes, path } = checked;
  const sizes = checked.sizesOf(block);
  for (const name of namesOf(plan)) {
    const stored = checked.nameOf(block, name);
    const shape = shapes.get(stored);
    const told = sizesOf(plan, name)?.map((size) => sizes[size]);
    if (shape === undefined || told === undefined) continue;
    const isAsTold =
      shape.length >= told.length &&
      shape.every((length, at) => length === (told[at] ?? (at < told.length ? length : 1)));
    if (!isAsTold)
      throw refusal(
        `${path} has ${stored} of the shape ${shape.join(' × ')}, where its model needs ${told.map((each) => each ?? 'any').join(' × ')}: ${takeAnother}`,
      );
  }
}

/** Of what a plan asks for, and of the biases beside it, which may be there. */
function namesOf({ needed }: BlockPlan): readonly string[] {
  const names = needed.flat().map(withEnding);
  return [...new Set(names.flatMap((name) => [name, name.replace(/\.weight$/, '.bias')]))];
}

function withEnding(name: string): string {
  return name.includes('.') ? name : `${name}.weight`;
}
