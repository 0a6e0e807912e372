import { refusal } from '../refuse-files.ts';
import type { ShardedTensors } from '../safetensors/read-shards.ts';
import type { BlockPlan } from './block-tensors.ts';
import { checkBlocks, takeAnother } from './check-blocks.ts';
import type { HubConfig } from './hub-config.ts';

/** Names of a class's tensors on the hub, by those of the plan. */
interface HubLayout {
  /** What may stand in front of all names. */
  readonly prefixes: readonly string[];
  readonly block: string;
  readonly names: Readonly<Record<string, string>>;
  readonly wordEmbeddings: string;
}

const decoder: HubLayout = {
  prefixes: ['model.', '', 'language_model.model.', 'model.language_model.'],
  block: 'layers',
  names: {
    attn_norm: 'input_layernorm',
    attn_q: 'self_attn.q_proj',
    attn_k: 'self_attn.k_proj',
    attn_v: 'self_attn.v_proj',
    attn_qkv: 'self_attn.qkv_proj',
    attn_output: 'self_attn.o_proj',
    attn_q_norm: 'self_attn.q_norm',
    attn_k_norm: 'self_attn.k_norm',
    post_attention_norm: 'post_attention_layernorm',
    pre_ffw_norm: 'pre_feedforward_layernorm',
    post_ffw_norm: 'post_feedforward_layernorm',
    ffn_gate: 'mlp.gate_proj',
    ffn_up: 'mlp.up_proj',
    ffn_gate_up: 'mlp.gate_up_proj',
    ffn_down: 'mlp.down_proj',
  },
  wordEmbeddings: 'embed_tokens.weight',
};

const encoder: HubLayout = {
  prefixes: ['', 'bert.', 'roberta.'],
  block: 'encoder.layer',
  names: {
    attn_q: 'attention.self.query',
    attn_k: 'attention.self.key',
    attn_v: 'attention.self.value',
    attn_output: 'attention.output.dense',
    attn_output_norm: 'attention.output.LayerNorm',
    ffn_up: 'intermediate.dense',
    ffn_down: 'output.dense',
    layer_output_norm: 'output.LayerNorm',
  },
  wordEmbeddings: 'embeddings.word_embeddings.weight',
};

const heads = ['attn_q', 'attn_k', 'attn_v', 'attn_output'];
const gate = ['ffn_gate', 'ffn_up', 'ffn_down'];
const headNorms = ['attn_q_norm', 'attn_k_norm'];
const norms = ['attn_norm', 'post_attention_norm'];
const fourNorms = [...norms, 'pre_ffw_norm', 'post_ffw_norm'];
const sizes = { pre_ffw_norm: ['width'], ffn_gate_up: ['width', 'doubleInner'] } as const;
const planOf = (...needed: readonly string[]): BlockPlan => ({ needed, sizes, outside: [] });

/** Classes whose blocks are all alike. Of others only what holds for every model is looked at. */
const classes: readonly (readonly [name: RegExp, layout: HubLayout, plan: BlockPlan])[] = [
  [/^(Llama|Mistral|Qwen2|Gemma|Granite|SmolLM3)ForCausalLM$/, decoder, planOf(...norms, ...heads, ...gate)],
  [/^Qwen3ForCausalLM$/, decoder, planOf(...norms, ...heads, ...headNorms, ...gate)],
  [/^Gemma2ForCausalLM$/, decoder, planOf(...fourNorms, ...heads, ...gate)],
  [/^Gemma3(ForCausalLM|TextModel)$/, decoder, planOf(...fourNorms, ...heads, ...headNorms, ...gate)],
  [/^Phi3ForCausalLM$/, decoder, planOf(...norms, 'attn_qkv', 'attn_output', 'ffn_gate_up', 'ffn_down')],
  [
    /^(Bert|Roberta|XLMRoberta)(Model|ForMaskedLM)$/,
    encoder,
    planOf(...heads, 'attn_output_norm', 'ffn_up', 'ffn_down', 'layer_output_norm'),
  ],
];

/**
 * Holds the configuration of a model on the hub against its tensors: the word embeddings have the width and the rows
 * that it says (more rows than tokens are usual), and, of classes that are known here, no block lacks a tensor and each
 * has the shape that follows from the configuration. Throws `model.refused`.
 */
export function checkHubTensors(hub: HubConfig, sharded: ShardedTensors, path: string): void {
  const [, layout, plan] = classes.find(([name]) => name.test(hub.className)) ?? [];
  const words = findWordEmbeddings(sharded);
  if (words !== null) checkEmbeddings(hub, words, path);
  if (layout === undefined || plan === undefined) return;
  if (words?.layout !== layout)
    throw refusal(
      `its files lack ${layout.wordEmbeddings}, which each ${hub.className} model has: ${takeAnother}`,
    );
  const shapes = new Map(
    [...sharded.tensors.values()].map(({ name, shape }) => [newerName(name), shape.toReversed()]),
  );
  const start = `${words.prefix}${layout.block}.`;
  const beyond = [...shapes.keys()].find(
    (name) => name.startsWith(start) && Number.parseInt(name.slice(start.length), 10) >= hub.layers.length,
  );
  if (beyond !== undefined)
    throw refusal(
      `${path} says that its model has ${hub.layers.length} blocks, and it has ${beyond}: ${takeAnother}`,
    );
  checkBlocks({
    path: 'the model',
    kind: hub.className,
    plan,
    count: hub.layers.length,
    sizesOf: () => hub.sizes,
    shapes,
    nameOf(block, name) {
      const [, stem = '', ending = ''] = /^(\w+)\.(\w+)$/.exec(name) ?? [];
      return `${start}${block}.${layout.names[stem] ?? stem}.${ending}`;
    },
  });
}

/** Rows of the word embeddings; `null` where they have no name that is known here. */
export function wordEmbeddingRows(sharded: ShardedTensors): number | null {
  return findWordEmbeddings(sharded)?.shape[0] ?? null;
}

interface WordEmbeddings {
  readonly layout: HubLayout;
  readonly name: string;
  /** In front of the names of all tensors of the language model. */
  readonly prefix: string;
  /** Rows, and the width. */
  readonly shape: readonly number[];
}

function findWordEmbeddings({ tensors }: ShardedTensors): WordEmbeddings | null {
  for (const layout of [decoder, encoder])
    for (const prefix of layout.prefixes) {
      const name = prefix + layout.wordEmbeddings;
      const shape = tensors.get(name)?.shape;
      if (shape !== undefined) return { layout, name, prefix, shape };
    }
  return null;
}

/** The first files of BERT call their norms' weights by other names. */
function newerName(name: string): string {
  return name.replace(/\.gamma$/, '.weight').replace(/\.beta$/, '.bias');
}

function checkEmbeddings(hub: HubConfig, { name, shape }: WordEmbeddings, path: string): void {
  const [rows = 1, width = 1] = shape;
  if (width !== hub.embeddingSize)
    throw refusal(
      `${path} says that embeddings have ${hub.embeddingSize} dimensions, and ${name} has ${width}: ${takeAnother}`,
    );
  if (hub.vocabularySize !== null && rows < hub.vocabularySize)
    throw refusal(
      `${path} says that there are ${hub.vocabularySize} tokens, and ${name} has ${rows} rows: ${takeAnother}`,
    );
}
