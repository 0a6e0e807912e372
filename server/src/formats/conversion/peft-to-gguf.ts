import { type BaseShapes, baseShapes, checkFit } from '../adapters/base-shapes.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { openModelFolder } from '../facts/model-folder.ts';
import { ggmlTypeNamed } from '../gguf/ggml-types.ts';
import { numberOf } from '../gguf/gguf-value.ts';
import { float32, text } from '../gguf/make-value.ts';
import { readGguf } from '../gguf/read-gguf.ts';
import { type GgufTensorSource, type WriteGgufOptions, writeGguf } from '../gguf/write-gguf.ts';
import { refusal } from '../refuse-files.ts';
import { readSafetensors, type SafetensorsTensor } from '../safetensors/read-safetensors.ts';
import { architectureOfClass, architectureOfGguf } from './architectures/all-architectures.ts';
import type { Architecture, TensorWay } from './architectures/architecture.ts';
import { classNameOf, headsOf, languageConfig } from './config-numbers.ts';
import { type PeftStrength, readPeftStrength } from './peft-strength.ts';
import { tensorOfHub } from './tensor-names.ts';
import { convertedPieces, type RowOrder } from './tensor-pieces.ts';

/** What of its base an adapter must know. */
interface AdapterBase extends BaseShapes {
  readonly architecture: Architecture;
  readonly heads: number;
  readonly kvHeads: number;
}

/**
 * Converts a LoRA adapter of PEFT (`adapter_config.json`, `adapter_model.safetensors`) to GGUF. `baseSource` is the
 * `config.json` of the model that it was trained on, or a GGUF file of it (its beginning is enough): its architecture
 * decides the names, its heads the order of rows, and its matrices are those that the adapter must fit. Every tensor is
 * written in 32 bits. Throws `model.refused` for what cannot be carried over, `model.adapter_misfit`.
 */
export async function peftToGguf(
  sources: readonly ByteSource[],
  baseSource: ByteSource,
  target: string,
  options: WriteGgufOptions = {},
): Promise<{ sizeBytes: number }> {
  const folder = await openModelFolder(sources);
  const config = await folder.json('adapter_config.json');
  const weights = folder.find('adapter_model.safetensors');
  if (config === null || weights === null) throw refusal('adapter_config.json or its weights are missing');
  const base = await readBase(baseSource);
  const strength = readPeftStrength(config);
  const { tensors } = await readSafetensors(weights.source);
  const metadata = new Map([
    ['general.architecture', text(base.architecture.name)],
    ['general.type', text('adapter')],
    ['adapter.type', text('lora')],
    ['adapter.lora.alpha', float32(strength.alpha)],
  ] as const);
  const made = [...tensors.values()].map((tensor) => tensorSource(tensor, weights.source, base, strength));
  made.sort((a, b) => (a.name < b.name ? -1 : 1));
  return await writeGguf(target, metadata, made, options);
}

function tensorSource(
  tensor: SafetensorsTensor,
  source: ByteSource,
  base: AdapterBase,
  strength: PeftStrength,
): GgufTensorSource {
  const [, module, part] =
    /^base_model\.model\.(.*)\.lora_(A|B)(?:\.[\w-]+)?\.weight$/.exec(tensor.name) ?? [];
  if (module === undefined || tensor.shape.length !== 2)
    throw refusal(`the tensor ${tensor.name.slice(0, 120)} belongs to no LoRA of a matrix`);
  const named = tensorOfHub(base.architecture, `${module}.weight`);
  if (named === null || named.expert !== null || /^(token_embd|output)\./.test(named.name))
    throw refusal(`an adapter of ${module.slice(0, 120)} cannot be carried over`);
  const [rows = 1, columns = 1] = tensor.shape;
  checkFit(base, named.name, part === 'A' ? { columns } : { rows });
  const stored = { ...tensor, source, type: tensor.dtype, rows, columns };
  const change =
    part === 'B'
      ? { order: rowOrder(named.rule.way, base), times: strength.timesOf(module, columns) }
      : { order: null, times: 1 };
  return {
    name: `${named.name}.lora_${part === 'A' ? 'a' : 'b'}`,
    shape: [columns, rows],
    type: ggmlTypeNamed('F32'),
    bytes: () => convertedPieces(stored, 'F32', { ...change, add: 0 }),
  };
}

/** The rows of B are those of the base's matrix, and change places with them. */
function rowOrder(way: TensorWay | null, { heads, kvHeads }: AdapterBase): RowOrder | null {
  if (way === 'query-heads') return { heads, way: 'interleave' };
  return way === 'key-heads' ? { heads: kvHeads, way: 'interleave' } : null;
}

async function readBase(source: ByteSource): Promise<AdapterBase> {
  const head = await source.read(0, 4);
  if (head.toString('latin1') !== 'GGUF') {
    const folder = await openModelFolder([{ ...source, name: 'config.json' }]);
    const config = languageConfig((await folder.json('config.json')) ?? {});
    const architecture = architectureOfClass(classNameOf(config));
    return { architecture, ...headsOf(config, architecture), shapes: new Map(), isWhole: false };
  }
  const header = await readGguf(source, { headOnly: true });
  const { metadata } = header;
  const architecture = architectureOfGguf(metadata, 'has no adapters that can be converted here');
  const heads = numberOf(metadata, `${architecture.name}.attention.head_count`);
  if (heads === null) throw refusal('its base does not say how many heads it has');
  const kvHeads = numberOf(metadata, `${architecture.name}.attention.head_count_kv`) ?? heads;
  return { architecture, heads, kvHeads, ...baseShapes(header) };
}
