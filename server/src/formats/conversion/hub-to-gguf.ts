import type { ByteSource } from '../bytes/byte-source.ts';
import { chatTemplateOf } from '../facts/hub-chat-template.ts';
import { type FolderFile, type ModelFolder, openModelFolder } from '../facts/model-folder.ts';
import { readPooling } from '../facts/sentence-embedding.ts';
import { readStatedTerms } from '../facts/stated-terms.ts';
import { ggmlTypeNamed } from '../gguf/ggml-types.ts';
import type { GgufValue } from '../gguf/gguf-value.ts';
import { list, number, text } from '../gguf/make-value.ts';
import { type GgufTensorSource, type WriteGgufOptions, writeGguf } from '../gguf/write-gguf.ts';
import { type JsonRecord, textMember, textsMember } from '../json-value.ts';
import type { WrittenType } from '../numbers/write-numbers.ts';
import { refusal } from '../refuse-files.ts';
import { readShards, type ShardedTensor } from '../safetensors/read-shards.ts';
import { bertClasses, bertMetadata, bertTensorName, wordPieceMetadata } from './bert-family.ts';
import { tokenizerMetadata } from './hub-tokenizer.ts';
import {
  familyMetadata,
  familyNumbers,
  familyOf,
  ggufTensorName,
  llama3Frequencies,
  type ModelFamily,
} from './model-family.ts';
import { convertedPieces, type RowOrder } from './tensor-pieces.ts';

export interface HubToGgufOptions extends WriteGgufOptions {
  /** The type of the large tensors; `null`: the one that most of them have. Vectors are always 32-bit. */
  readonly type: WrittenType | null;
}

/** `general.file_type`. */
const fileTypes: Readonly<Record<WrittenType, number>> = { F32: 0, F16: 1, BF16: 32, Q8_0: 7 };

/**
 * Converts a model as the hub has it (safetensors, `config.json`, `tokenizer.json`) to one GGUF file at `target`. Reads
 * the weights in pieces; memory does not grow with them. Throws `model.refused` for what cannot be carried over.
 */
export async function hubToGguf(
  sources: readonly ByteSource[],
  target: string,
  options: HubToGgufOptions,
): Promise<{ sizeBytes: number }> {
  const folder = await openModelFolder(sources);
  const config = await demandJson(folder, 'config.json');
  const plan = await planOf(folder, config);
  const files = folder.files.filter(({ format }) => format === 'safetensors');
  const index = folder.files.find(({ path }) => path.endsWith('.safetensors.index.json'));
  const indexed = index === undefined ? undefined : await folder.json(index.path);
  const { tensors } = await readShards(
    files.map(({ source }) => source),
    indexed,
  );
  const type = options.type ?? mostType([...tensors.values()]);
  const named = [...tensors.values()].map((tensor) => ({ tensor, name: plan.tensorName(tensor.name) }));
  const rows = named.find(({ name }) => name === 'token_embd.weight')?.tensor.shape[0];
  if (rows === undefined) throw refusal('it has no word embeddings');
  const metadata: [string, GgufValue][] = [
    ['general.architecture', text(plan.architecture)],
    ['general.type', text('model')],
    ...(await statedMetadata(folder)),
    ['general.file_type', number(fileTypes[type])],
    ['general.quantization_version', number(2)],
    [`${plan.architecture}.vocab_size`, number(rows)],
    ...(await plan.metadata(rows)),
  ];
  const made = tensorSources(named, { files, plan, type });
  return await writeGguf(target, new Map(metadata), made, options);
}

/** What is particular to a family. */
interface ConversionPlan {
  /** `general.architecture`. */
  readonly architecture: string;
  /** `null`: it is not carried over. */
  tensorName(name: string): string | null;
  rowOrder(name: string): RowOrder | null;
  /** `rows`: of the word embeddings. */
  metadata(rows: number): Promise<[string, GgufValue][]>;
  readonly extraTensors: readonly GgufTensorSource[];
}

async function planOf(folder: ModelFolder, config: JsonRecord): Promise<ConversionPlan> {
  const className = textsMember(config, 'architectures')?.[0] ?? '';
  const tokenizer = await demandJson(folder, 'tokenizer.json');
  if (bertClasses.has(className)) {
    const embedding = await readPooling(folder, '', 1);
    return {
      architecture: 'bert',
      tensorName: bertTensorName,
      rowOrder: () => null,
      metadata: async (rows) => [
        ...bertMetadata(config, embedding?.pooling ?? 'mean'),
        ...wordPieceMetadata(tokenizer, rows),
      ],
      extraTensors: [],
    };
  }
  const family = familyOf(className);
  const tied = config.tie_word_embeddings === true;
  return {
    architecture: family.architecture,
    tensorName(name) {
      const found = ggufTensorName(name);
      // The same weights as the word embeddings, which llama.cpp takes where there are none of their own.
      return found === 'output.weight' && tied ? null : found;
    },
    rowOrder: (name) => rowOrder(name, config, family),
    metadata: async (rows) => [
      ...familyMetadata(config, family),
      ...tokenizerMetadata(
        {
          tokenizer,
          config: await folder.json('tokenizer_config.json'),
          model: config,
          generation: await folder.json('generation_config.json'),
          chatTemplate: await chatTemplateOf(folder, ''),
        },
        rows,
      ),
    ],
    extraTensors: frequencyTensors(config),
  };
}

function frequencyTensors(config: JsonRecord): GgufTensorSource[] {
  const frequencies = llama3Frequencies(config);
  if (frequencies === null) return [];
  const bytes = () => [Buffer.from(frequencies.buffer)];
  return [{ name: 'rope_freqs.weight', shape: [frequencies.length], type: ggmlTypeNamed('F32'), bytes }];
}

async function demandJson(folder: ModelFolder, path: string): Promise<JsonRecord> {
  const found = await folder.json(path);
  if (found === null) throw refusal(`${path} is missing`);
  return found;
}

async function statedMetadata(folder: ModelFolder): Promise<[string, GgufValue][]> {
  const terms = await readStatedTerms(folder);
  const entries: [string, GgufValue][] = [];
  const license = textMember(terms.card, 'license') ?? terms.license?.id.toLowerCase() ?? null;
  if (license !== null) entries.push(['general.license', text(license)]);
  if (terms.languages.length > 0) entries.push(['general.languages', list('string', terms.languages)]);
  return entries;
}

interface Conversion {
  readonly files: readonly FolderFile[];
  readonly plan: ConversionPlan;
  readonly type: WrittenType;
}

function tensorSources(
  named: readonly { readonly tensor: ShardedTensor; readonly name: string | null }[],
  conversion: Conversion,
): GgufTensorSource[] {
  const sourceOf = new Map(conversion.files.map(({ path, source }) => [path, source]));
  const made = [...conversion.plan.extraTensors];
  for (const { tensor, name } of named) {
    const source = sourceOf.get(tensor.file);
    if (name !== null && source !== undefined) made.push(tensorSource(name, tensor, source, conversion));
  }
  return made.sort((a, b) => order(a.name) - order(b.name) || (a.name < b.name ? -1 : 1));
}

/** Tensors that llama.cpp wants in 32 bits whatever the rest has. */
const alwaysPlain = /_norm\.weight$|^(position_embd|token_types)\./;

function tensorSource(
  name: string,
  tensor: ShardedTensor,
  source: ByteSource,
  { plan, type }: Conversion,
): GgufTensorSource {
  const columns = tensor.shape.at(-1) ?? 1;
  const isVector = tensor.shape.length < 2;
  const isPlain = isVector || alwaysPlain.test(name) || (type === 'Q8_0' && columns % 32 !== 0);
  const written = isPlain ? 'F32' : type;
  const stored = { ...tensor, source, type: tensor.dtype, rows: rowsOf(tensor), columns };
  const inOrder = isVector ? asColumn(stored) : stored;
  return {
    name,
    shape: tensor.shape.toReversed(),
    type: ggmlTypeNamed(written),
    bytes: () => convertedPieces(inOrder, written, plan.rowOrder(name)),
  };
}

/** A vector as a matrix of one column, so that its elements change places like the rows of a matrix. */
function asColumn<T extends { rows: number; columns: number }>(stored: T): T {
  return { ...stored, rows: stored.columns, columns: 1 };
}

function rowsOf({ shape }: ShardedTensor): number {
  return shape.slice(0, -1).reduce((product, each) => product * each, 1);
}

function rowOrder(name: string, config: JsonRecord, family: ModelFamily): RowOrder | null {
  if (!family.interleaved) return null;
  const { heads, kvHeads } = familyNumbers(config);
  if (/\.attn_q\.(weight|bias)$/.test(name)) return { heads, way: 'interleave' };
  if (/\.attn_k\.(weight|bias)$/.test(name)) return { heads: kvHeads, way: 'interleave' };
  return null;
}

/** Word embeddings first, then layer by layer, the rest at the end. */
function order(name: string): number {
  const [, layer] = /^blk\.(\d+)\./.exec(name) ?? [];
  if (layer !== undefined) return 1 + Number(layer);
  return name.startsWith('token_embd') || name.startsWith('rope_freqs') ? 0 : 1_000_000;
}

function mostType(tensors: readonly ShardedTensor[]): WrittenType {
  const bytes = { F32: 0, F16: 0, BF16: 0 };
  for (const { dtype, sizeBytes } of tensors)
    if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') bytes[dtype] += sizeBytes;
  if (bytes.BF16 >= bytes.F16 && bytes.BF16 >= bytes.F32) return 'BF16';
  return bytes.F16 >= bytes.F32 ? 'F16' : 'F32';
}
