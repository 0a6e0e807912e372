import { SamovarError } from '../../kernel/errors.ts';
import { numberOf } from '../gguf/gguf-value.ts';
import type { GgufHeader } from '../gguf/read-gguf.ts';

/** The matrices of a model that an adapter must fit. */
export interface BaseShapes {
  /** As GGUF has them; empty where only the configuration of the model is there. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Whether `shapes` has all of them: of a model in several files those of the first one are known. */
  readonly isWhole: boolean;
}

/** `model.adapter_misfit`: `reason` is a sentence without its full stop, in lower case. */
export function misfit(reason: string): SamovarError {
  return new SamovarError('model.adapter_misfit', { params: { reason } });
}

export function baseShapes({ tensors, metadata }: Pick<GgufHeader, 'tensors' | 'metadata'>): BaseShapes {
  return {
    shapes: new Map(tensors.map(({ name, shape }) => [name, shape])),
    isWhole: (numberOf(metadata, 'split.count') ?? 1) <= 1,
  };
}

/**
 * A takes what the base's matrix takes, and B gives what that gives: `size` is the one of the two that was read.
 * Throws `model.adapter_misfit`.
 */
export function checkFit(
  { shapes, isWhole }: BaseShapes,
  name: string,
  size: { readonly columns: number } | { readonly rows: number },
): void {
  const shape = shapes.get(name);
  if (shape === undefined && !isWhole) return;
  if (shape === undefined) throw misfit(`it changes ${name}, which its base does not have`);
  const [own, ofBase, what] =
    'columns' in size ? [size.columns, shape[0] ?? 1, 'columns'] : [size.rows, shape[1] ?? 1, 'rows'];
  if (own !== ofBase)
    throw misfit(
      `it changes ${name} of ${own} ${what}, and that of its base has ${ofBase}: it was trained on another model`,
    );
}
