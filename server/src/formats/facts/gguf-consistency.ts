import { numberOf, numbersOf } from '../gguf/gguf-value.ts';
import { refusal } from '../refuse-files.ts';
import { takeAnother } from './check-blocks.ts';
import { type BlockModel, checkGgufBlocks } from './gguf-blocks.ts';

/** No layer of these attends to anything; their files say 0 heads. */
const withoutAttention = /^(a?rwkv|mamba)/;

/** Blocks of these may have no tensor at all (pruned ones), or stand for more than one pass. */
const sparseBlocks: ReadonlySet<string> = new Set(['deci', 'hrm_text']);

/**
 * Holds what a GGUF file says of its model against its tensors. llama.cpp fails on a contradiction only as it loads
 * the model, and on some of them ends its process. Throws `model.refused`.
 */
export function checkConsistency(model: BlockModel): void {
  if (!withoutAttention.test(model.architecture)) checkHeads(model);
  checkTokenLists(model);
  checkTokenTable(model);
  checkBlockCount(model);
  checkGgufBlocks(model);
}

function checkHeads({ metadata, architecture, path }: BlockModel): void {
  const keyOf = (name: string) => `${architecture}.${name}`;
  for (const name of ['head_count', 'head_count_kv']) {
    const counts = numbersOf(metadata, keyOf(`attention.${name}`));
    // Hybrid models have layers without attention, and some layers with it.
    if (counts?.every((count) => count === 0))
      throw refusal(`${path} says that its attention has no heads (${name} is 0): ${takeAnother}`);
  }
  const width = numberOf(metadata, keyOf('embedding_length'));
  const heads = numberOf(metadata, keyOf('attention.head_count'));
  const isStated = metadata.has(keyOf('attention.key_length'));
  if (!isStated && width !== null && heads !== null && width % heads !== 0)
    throw refusal(
      `${path} says that ${heads} heads share a width of ${width}, which they do not divide: ${takeAnother}`,
    );
  const usual = width === null || heads === null ? null : width / heads;
  const dimensions = isStated ? numberOf(metadata, keyOf('attention.key_length')) : usual;
  const others = ['attention.key_length_mla', 'attention.key_length_swa'];
  const widest =
    dimensions === null
      ? null
      : Math.max(dimensions, ...others.map((name) => numberOf(metadata, keyOf(name)) ?? 0));
  const rotated = numberOf(metadata, keyOf('rope.dimension_count'));
  if (rotated !== null && widest !== null && rotated > widest)
    throw refusal(
      `${path} says that ${rotated} dimensions of a head are rotated, and a head has ${widest}: ${takeAnother}`,
    );
}

/** llama.cpp takes longer lists, and none that are shorter. */
function checkTokenLists({ metadata, path }: BlockModel): void {
  const tokens = metadata.get('tokenizer.ggml.tokens');
  if (tokens?.type !== 'array') return;
  for (const name of ['scores', 'token_type']) {
    const list = metadata.get(`tokenizer.ggml.${name}`);
    if (list?.type === 'array' && list.count < tokens.count)
      throw refusal(
        `${path} has a vocabulary of ${tokens.count} tokens, and only ${list.count} values of tokenizer.ggml.${name}: ${takeAnother}`,
      );
  }
}

function checkTokenTable({ metadata, architecture, tensors, path }: BlockModel): void {
  const table = tensors.find(({ name }) => name === 'token_embd.weight');
  if (table === undefined) return;
  const [width = 1, rows = 1] = table.shape;
  const stated = numberOf(metadata, `${architecture}.embedding_length`);
  if (stated !== null && stated !== width)
    throw refusal(
      `${path} says that its embeddings have ${stated} dimensions, and token_embd.weight has ${width}: ${takeAnother}`,
    );
  const tokens = metadata.get('tokenizer.ggml.tokens');
  if (tokens?.type === 'array' && rows < tokens.count)
    throw refusal(
      `${path} has a vocabulary of ${tokens.count} tokens, and token_embd.weight has ${rows} rows: ${takeAnother}`,
    );
}

/** Blocks that foretell further tokens are counted, and are often left out of the file. */
function checkBlockCount({ metadata, architecture, tensors, path }: BlockModel): void {
  if (sparseBlocks.has(architecture)) return;
  const blocks = new Set(tensors.flatMap(({ name }) => /^blk\.(\d+)\./.exec(name)?.[1] ?? []));
  const stated = numberOf(metadata, `${architecture}.block_count`) ?? 0;
  const optional = Math.max(0, numberOf(metadata, `${architecture}.nextn_predict_layers`) ?? 0);
  if (blocks.size > 0 && stated - optional > blocks.size)
    throw refusal(
      `${path} says that its model has ${stated} blocks, and has tensors of ${blocks.size}: ${takeAnother}`,
    );
}
