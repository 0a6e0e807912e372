import { sequenceBytes } from '../registry/index.ts';
import type { MeasuredSetup } from './measurement-store.ts';
import type { ServingUnit } from './serving-unit.ts';

/** How much of the machine a worker of a unit takes. */
export interface Sizing {
  readonly parallelSequences: number;
  readonly contextTokens: number;
  readonly needBytes: number;
  /** What the manifests say, before anything was measured. */
  readonly estimatedBytes: number;
}

/** 8-bit blocks: 34 bytes for 32 values in place of 64. */
const quantizedCachePart = 34 / 64;

/**
 * Memory need: the weights once, a part for each sequence that runs at a time, and the same for each adapter. Where a
 * worker that was started alike had more resident, that counts; but never more than the host's whole budget, in
 * which the estimate fits: what was loaded once can be loaded again.
 */
export function sizeUnit(
  unit: ServingUnit,
  defaultParallel: number,
  known: { readonly measuredBytes: number; readonly budgetBytes: number },
): Sizing {
  const { manifest } = unit.model;
  const { options } = unit.deployment;
  const parallelSequences =
    options.parallelSequences ?? (manifest.task === 'embedding' ? 1 : defaultParallel);
  const contextTokens = Math.min(options.contextTokens ?? manifest.contextTokens, manifest.contextTokens);
  const bytesOfSequence =
    sequenceBytes(manifest, contextTokens) * (options.kvCache === 'q8_0' ? quantizedCachePart : 1);
  const adapterBytes = unit.adapters.reduce((sum, { deployment, model }) => {
    const weights = model.manifest.files.reduce((bytes, file) => bytes + file.sizeBytes, 0);
    return sum + weights + (deployment.options.parallelSequences ?? parallelSequences) * bytesOfSequence;
  }, 0);
  const estimatedBytes = Math.ceil(
    manifest.memory.weightsBytes + parallelSequences * bytesOfSequence + adapterBytes,
  );
  const measured = estimatedBytes > known.budgetBytes ? 0 : Math.min(known.measuredBytes, known.budgetBytes);
  return {
    parallelSequences,
    contextTokens,
    estimatedBytes,
    needBytes: Math.max(estimatedBytes, measured),
  };
}

/** What measured facts of this unit depend on. */
export function measuredOptions(
  unit: ServingUnit,
  sizing: Pick<Sizing, 'parallelSequences' | 'contextTokens'>,
): MeasuredSetup['options'] {
  const { kvCache } = unit.deployment.options;
  return {
    contextTokens: sizing.contextTokens,
    parallelSequences: sizing.parallelSequences,
    ...(kvCache === undefined ? {} : { kvCache }),
    ...(unit.adapters.length === 0 ? {} : { adapters: unit.adapters.length }),
  };
}
