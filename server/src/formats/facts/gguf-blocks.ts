import { type GgufMetadata, numberOf, numbersOf } from '../gguf/gguf-value.ts';
import type { GgufTensor } from '../gguf/read-gguf.ts';
import { refusal } from '../refuse-files.ts';
import { type BlockSizes, blockPlanOf } from './block-tensors.ts';
import { checkBlocks, takeAnother } from './check-blocks.ts';

export interface BlockModel {
  readonly metadata: GgufMetadata;
  readonly architecture: string;
  /** Of all parts together. */
  readonly tensors: readonly GgufTensor[];
  /** The file that has the metadata. */
  readonly path: string;
}

/**
 * Looks for tensors that are missing from a block of a GGUF model, or have another shape than its metadata say: of the
 * architectures that are known here (`block-tensors.ts`). Throws `model.refused`.
 */
export function checkGgufBlocks({ metadata, architecture, tensors, path }: BlockModel): void {
  const of = (key: string) => numberOf(metadata, `${architecture}.${key}`);
  const plan = blockPlanOf(architecture, of('expert_count') ?? 0);
  const stated = of('block_count');
  if (plan === null || stated === null) return;
  const count = stated - Math.max(0, of('nextn_predict_layers') ?? 0);
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  for (const name of plan.outside)
    if (!shapes.has(`${name}.weight`))
      throw refusal(`${path} lacks ${name}.weight, which each ${architecture} model has: ${takeAnother}`);
  const beyond = tensors.find(({ name }) => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? 0) >= stated);
  if (beyond !== undefined)
    throw refusal(`${path} says that its model has ${stated} blocks, and has ${beyond.name}: ${takeAnother}`);
  checkBlocks({
    path,
    kind: architecture,
    plan,
    count,
    shapes,
    sizesOf: (block) => sizesOfBlock(metadata, architecture, block),
    nameOf: (block, name) => `blk.${block}.${name}`,
  });
}

function sizesOfBlock(metadata: GgufMetadata, architecture: string, block: number): BlockSizes {
  const of = (key: string) => numberOf(metadata, `${architecture}.${key}`);
  const each = (key: string) => {
    const numbers = numbersOf(metadata, `${architecture}.${key}`);
    return numbers === null ? null : (numbers[numbers.length === 1 ? 0 : block] ?? null);
  };
  const width = of('embedding_length');
  const heads = each('attention.head_count');
  const kvHeads = each('attention.head_count_kv') ?? heads;
  const usual = width === null || heads === null ? null : width / heads;
  // Layers with a window may have heads of another size.
  const isUniform = of('attention.key_length_swa') === null;
  const keyLength = isUniform ? (of('attention.key_length') ?? usual) : null;
  const valueLength = isUniform ? (of('attention.value_length') ?? usual) : null;
  const inner = each('feed_forward_length');
  return {
    width,
    query: times(heads, keyLength),
    key: times(kvHeads, keyLength),
    value: times(kvHeads, valueLength),
    fused: sum(times(heads, keyLength), times(kvHeads, keyLength), times(kvHeads, valueLength)),
    head: keyLength,
    inner,
    doubleInner: times(inner, 2),
    experts: of('expert_count'),
    expertInner: of('expert_feed_forward_length'),
  };
}

function times(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a * b;
}

function sum(...parts: readonly (number | null)[]): number | null {
  return parts.reduce((total, part) => (total === null || part === null ? null : total + part), 0);
}
