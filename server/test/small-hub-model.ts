import { join } from 'node:path';
import { writeSafetensors } from '../src/formats/safetensors/write-safetensors.ts';
import { putFiles, smallLlamaConfig, smallLlamaHubTensors } from './small-model-files.ts';

/** The characters that stand for bytes in byte-level vocabularies. */
function byteCharacters(): string[] {
  const plain = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(plain(byte) ? byte : next++));
}

const merges = ['h e', 'l l', 'he ll', 'hell o', 'Ġ w', 'o r'];

/** A byte-level tokenizer of single bytes, a few pairs, and two special tokens. */
export function smallTokenizer(): Record<string, unknown> {
  const tokens = [...byteCharacters(), ...merges.map((merge) => merge.replace(' ', ''))];
  const specials = ['<|begin|>', '<|end|>'];
  return {
    version: '1.0',
    added_tokens: specials.map((content, index) => ({ id: tokens.length + index, content, special: true })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
  };
}

export const smallTokenizerConfig = {
  bos_token: '<|begin|>',
  eos_token: { content: '<|end|>', special: true },
  add_bos_token: false,
  chat_template: "{% for message in messages %}{{ message['content'] }}{% endfor %}",
};

const vocabulary = 264;

/** A model of the Llama family as the hub has it, with random weights that are the same for the same seed. */
export async function putHubModel(
  folder: string,
  {
    seed = 1,
    config = {},
  }: { readonly seed?: number; readonly config?: Readonly<Record<string, unknown>> } = {},
): Promise<string[]> {
  const whole = {
    ...smallLlamaConfig,
    vocab_size: vocabulary,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    hidden_act: 'silu',
    tie_word_embeddings: true,
    ...config,
  };
  const paths = await putFiles(folder, {
    'config.json': whole,
    'tokenizer.json': smallTokenizer(),
    'tokenizer_config.json': smallTokenizerConfig,
  });
  const weights = await putRandomWeights(folder, smallLlamaHubTensors(vocabulary), {
    seed,
    vectors: 0.1,
    matrices: 0.2,
  });
  return [...paths, weights];
}

interface RandomWeights {
  readonly seed: number;
  /** How far the numbers of vectors are from one, at most. */
  readonly vectors: number;
  /** How far those of matrices are from zero, at most. */
  readonly matrices: number;
}

/** Writes `model.safetensors`: one long row of random numbers through all tensors in order, the same for the same seed. */
export async function putRandomWeights(
  folder: string,
  shapes: Readonly<Record<string, readonly number[]>>,
  { seed, vectors, matrices }: RandomWeights,
): Promise<string> {
  const random = randomNumbers(seed);
  const bytesOf = (shape: readonly number[]) => {
    const length = shape.reduce((product, each) => product * each, 1);
    const next = shape.length === 1 ? () => 1 + random() * vectors : () => random() * matrices;
    return Buffer.from(Float32Array.from({ length }, next).buffer);
  };
  await writeSafetensors(
    join(folder, 'model.safetensors'),
    Object.entries(shapes).map(([name, shape]) => ({
      name,
      shape,
      dtype: 'F32',
      bytes: () => [bytesOf(shape)],
    })),
  );
  return 'model.safetensors';
}

/** Numbers between -1 and 1 (a linear congruential generator). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 2_147_483_648 - 1;
  };
}
