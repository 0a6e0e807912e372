import type { ByteSource } from '../bytes/byte-source.ts';
import { textOf } from '../gguf/gguf-value.ts';
import { type GgufTensor, readGguf } from '../gguf/read-gguf.ts';
import { baseShapes, checkFit, misfit } from './base-shapes.ts';

/**
 * Holds a LoRA adapter in GGUF against a GGUF file of a model (its beginning is enough): the architecture, and every
 * matrix. Throws `model.adapter_misfit` that names the first one that does not fit. Source: the checks that llama.cpp
 * makes when it loads an adapter.
 */
export async function compareAdapter(adapter: ByteSource, base: ByteSource): Promise<void> {
  const { metadata, tensors } = await readGguf(adapter);
  const header = await readGguf(base, { headOnly: true });
  const [own, ofBase] = [metadata, header.metadata].map((each) => textOf(each, 'general.architecture') ?? '');
  if (own !== ofBase) throw misfit(`it is for the architecture ${own}, and its base is ${ofBase}`);
  const shapes = baseShapes(header);
  for (const tensor of tensors) {
    const [, name, part] = /^(.*)\.lora_([ab])$/.exec(tensor.name) ?? [];
    if (name === undefined) continue;
    checkFit(shapes, name, sizeOf(tensor, { isA: part === 'a', isLookup: name === 'token_embd.weight' }));
  }
}

/** Of embeddings, which are looked up and not multiplied, A and B have changed places: both lie by their rows. */
function sizeOf({ shape }: GgufTensor, { isA, isLookup }: { isA: boolean; isLookup: boolean }) {
  if (isLookup) return isA ? { rows: shape[1] ?? 1 } : { columns: shape[1] ?? 1 };
  return isA ? { columns: shape[0] ?? 1 } : { rows: shape[1] ?? 1 };
}
