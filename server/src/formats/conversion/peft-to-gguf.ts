import type { ByteSource } from '../bytes/byte-source.ts';
import { openModelFolder } from '../facts/model-folder.ts';
import { ggmlTypeNamed } from '../gguf/ggml-types.ts';
import { numberOf, textOf } from '../gguf/gguf-value.ts';
import { float32, text } from '../gguf/make-value.ts';
import { readGguf } from '../gguf/read-gguf.ts';
import { type GgufTensorSource, type WriteGgufOptions, writeGguf } from '../gguf/write-gguf.ts';
import { numberMember, textsMember } from '../json-value.ts';
import { refusal } from '../refuse-files.ts';
import { readSafetensors, type SafetensorsTensor } from '../safetensors/read-safetensors.ts';
import { families, familyNumbers, familyOf, ggufTensorName, type ModelFamily } from './model-family.ts';
import { convertedPieces, type RowOrder } from './tensor-pieces.ts';

/** What of its base an adapter must know. */
interface AdapterBase {
  readonly family: ModelFamily;
  readonly heads: number;
  readonly kvHeads: number;
}

/**
 * Converts a LoRA adapter of PEFT (`adapter_config.json`, `adapter_model.safetensors`) to GGUF. `baseSource` is the
 * `config.json` of the model that it was trained on, or a GGUF file of it (its beginning is enough): its family decides
 * the names, its heads the order of rows. Every tensor is written in 32 bits. Throws `model.refused` for what cannot be
 * carried over.
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
  const rank = numberMember(config, 'r') ?? 0;
  const alpha = numberMember(config, 'lora_alpha') ?? 0;
  if (!(rank > 0 && alpha > 0)) throw refusal('adapter_config.json does not say how strong its adapter is');
  if (
    Object.keys(Object(config.alpha_pattern)).length > 0 ||
    Object.keys(Object(config.rank_pattern)).length > 0
  )
    throw refusal('its layers have ranks or strengths of their own, which GGUF adapters have not');
  const { tensors } = await readSafetensors(weights.source);
  // llama.cpp multiplies by alpha / rank; the other way (rank-stabilised) divides by the root of the rank.
  const strength = config.use_rslora === true ? alpha * Math.sqrt(rank) : alpha;
  const metadata = new Map([
    ['general.architecture', text(base.family.architecture)],
    ['general.type', text('adapter')],
    ['adapter.type', text('lora')],
    ['adapter.lora.alpha', float32(strength)],
  ] as const);
  const made = [...tensors.values()].map((tensor) => tensorSource(tensor, weights.source, base));
  made.sort((a, b) => (a.name < b.name ? -1 : 1));
  return await writeGguf(target, metadata, made, options);
}

function tensorSource(tensor: SafetensorsTensor, source: ByteSource, base: AdapterBase): GgufTensorSource {
  const [, module, part] =
    /^base_model\.model\.(.*)\.lora_(A|B)(?:\.[\w-]+)?\.weight$/.exec(tensor.name) ?? [];
  if (module === undefined || tensor.shape.length !== 2)
    throw refusal(`the tensor ${tensor.name.slice(0, 120)} belongs to no LoRA of a matrix`);
  const name = ggufTensorName(`${module}.weight`);
  if (name === null || /^(token_embd|output)\./.test(name))
    throw refusal(`an adapter of ${module} cannot be carried over`);
  const [rows = 1, columns = 1] = tensor.shape;
  const stored = { ...tensor, source, type: tensor.dtype, rows, columns };
  const order = part === 'B' ? rowOrder(name, base) : null;
  return {
    name: `${name}.lora_${part === 'A' ? 'a' : 'b'}`,
    shape: [columns, rows],
    type: ggmlTypeNamed('F32'),
    bytes: () => convertedPieces(stored, 'F32', order),
  };
}

/** The rows of B are those of the base's matrix, and change places with them. */
function rowOrder(name: string, { family, heads, kvHeads }: AdapterBase): RowOrder | null {
  if (!family.interleaved) return null;
  if (name.endsWith('.attn_q.weight')) return { heads, way: 'interleave' };
  return name.endsWith('.attn_k.weight') ? { heads: kvHeads, way: 'interleave' } : null;
}

async function readBase(source: ByteSource): Promise<AdapterBase> {
  const head = await source.read(0, 4);
  if (head.toString('latin1') !== 'GGUF') {
    const folder = await openModelFolder([{ ...source, name: 'config.json' }]);
    const config = (await folder.json('config.json')) ?? {};
    const { heads, kvHeads } = familyNumbers(config);
    return { family: familyOf(textsMember(config, 'architectures')?.[0] ?? ''), heads, kvHeads };
  }
  const { metadata } = await readGguf(source, { headOnly: true });
  const architecture = textOf(metadata, 'general.architecture') ?? '';
  const family = families.find((each) => each.architecture === architecture);
  const heads = numberOf(metadata, `${architecture}.attention.head_count`);
  if (family === undefined || heads === null)
    throw refusal(`adapters of the architecture ${architecture.slice(0, 60)} cannot be converted here`);
  return { family, heads, kvHeads: numberOf(metadata, `${architecture}.attention.head_count_kv`) ?? heads };
}
