/** Sizes that the tensors of a block have, told from what a model says of itself; `null`: it does not say. */
export interface BlockSizes {
  readonly width: number | null;
  /** Of all heads together. */
  readonly query: number | null;
  readonly key: number | null;
  readonly value: number | null;
  /** Queries, keys and values in one matrix. */
  readonly fused: number | null;
  /** Of one head. */
  readonly head: number | null;
  readonly inner: number | null;
  /** Gate and up in one matrix. */
  readonly doubleInner: number | null;
  readonly experts: number | null;
  readonly expertInner: number | null;
}

export type SizeName = keyof BlockSizes;

/** What a block of one kind of model has, by the names of GGUF (`.weight` unless they say more). */
export interface BlockPlan {
  /** A list in place of a name: any of them. */
  readonly needed: readonly (string | readonly string[])[];
  /** Where sizes differ from the usual ones. */
  readonly sizes?: Readonly<Record<string, readonly SizeName[]>>;
  /** Names outside of the blocks. */
  readonly outside: readonly string[];
}

/** Sizes of each tensor, the fastest dimension first; those of a bias are the last one of its matrix. */
const usualSizes: Readonly<Record<string, readonly SizeName[]>> = {
  attn_norm: ['width'],
  attn_q: ['width', 'query'],
  attn_k: ['width', 'key'],
  attn_v: ['width', 'value'],
  attn_qkv: ['width', 'fused'],
  attn_output: ['query', 'width'],
  attn_q_norm: ['head'],
  attn_k_norm: ['head'],
  post_attention_norm: ['width'],
  attn_output_norm: ['width'],
  ffn_norm: ['width'],
  ffn_gate: ['width', 'inner'],
  ffn_up: ['width', 'inner'],
  ffn_down: ['inner', 'width'],
  ffn_gate_inp: ['width', 'experts'],
  ffn_gate_exps: ['width', 'expertInner', 'experts'],
  ffn_up_exps: ['width', 'expertInner', 'experts'],
  ffn_down_exps: ['expertInner', 'width', 'experts'],
  post_ffw_norm: ['width'],
  layer_output_norm: ['width'],
};

/** The sizes of a tensor of a block (`attn_q.weight`); `null` for one that is not known here. */
export function sizesOf(plan: BlockPlan, name: string): readonly SizeName[] | null {
  const [, stem = '', ending = ''] = /^(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const known = { ...usualSizes, ...plan.sizes };
  const sizes = Object.hasOwn(known, stem) ? known[stem] : undefined;
  if (sizes === undefined) return null;
  return ending === 'weight' ? sizes : sizes.slice(-1);
}

const attention = [['attn_q', 'attn_qkv'], ['attn_k', 'attn_qkv'], ['attn_v', 'attn_qkv'], 'attn_output'];
const gate = ['ffn_gate', 'ffn_up', 'ffn_down'];
const experts = ['ffn_gate_inp', 'ffn_gate_exps', 'ffn_up_exps', 'ffn_down_exps'];
const headNorms = ['attn_q_norm', 'attn_k_norm'];
const postNorms = ['post_attention_norm', 'post_ffw_norm'];
const outside = ['token_embd', 'output_norm'];
const gated = { needed: ['attn_norm', ...attention, 'ffn_norm', ...gate], outside };
const plain = { needed: ['attn_norm', ...attention, 'ffn_norm', 'ffn_up', 'ffn_down'], outside };
const biased = { ...plain, needed: [...plain.needed, 'attn_norm.bias', 'ffn_norm.bias'] };
const doubled = { ...plain, sizes: { ffn_up: ['width', 'doubleInner'] } } as const;
const encoder = {
  needed: [...attention, 'attn_output_norm', 'ffn_up', 'ffn_down', 'layer_output_norm'],
  outside: ['token_embd', 'token_embd_norm'],
};

/**
 * Architectures whose blocks are all alike, and what llama.cpp demands of them (`load_arch_tensors` of each). Of others
 * nothing is demanded here: their blocks differ from each other, or were not looked at.
 */
const plans: Readonly<Record<string, BlockPlan>> = {
  llama: gated,
  mistral3: gated,
  minicpm: gated,
  granite: gated,
  baichuan: gated,
  xverse: gated,
  smollm3: gated,
  exaone: gated,
  orion: gated,
  internlm2: gated,
  qwen2: gated,
  qwen2vl: gated,
  gemma: gated,
  qwen3: { ...gated, needed: [...gated.needed, ...headNorms] },
  qwen3vl: { ...gated, needed: [...gated.needed, ...headNorms] },
  gemma2: { ...gated, needed: [...gated.needed, ...postNorms] },
  gemma3: { ...gated, needed: [...gated.needed, ...postNorms, ...headNorms] },
  'gemma-embedding': { ...gated, needed: [...gated.needed, ...postNorms, ...headNorms] },
  'command-r': { needed: ['attn_norm', ...attention, ...gate], outside },
  cohere2: { needed: ['attn_norm', ...attention, ...gate], outside },
  seed_oss: { needed: ['attn_norm', ...attention, 'post_attention_norm', ...gate], outside },
  olmo2: {
    needed: [...attention, ...headNorms, ...postNorms, ...gate],
    sizes: { attn_q_norm: ['query'], attn_k_norm: ['key'] },
    outside,
  },
  qwen2moe: { needed: ['attn_norm', ...attention, 'ffn_norm', ...experts], outside },
  qwen3moe: { needed: ['attn_norm', ...attention, 'ffn_norm', ...headNorms, ...experts], outside },
  phi3: doubled,
  chatglm: doubled,
  arcee: plain,
  starcoder2: biased,
  gpt2: biased,
  starcoder: biased,
  bert: encoder,
  'nomic-bert': { ...encoder, needed: [...encoder.needed, 'ffn_gate'] },
};

/** Of these, files exist with experts in place of the one feed-forward part. */
const withExperts: ReadonlySet<string> = new Set(['llama', 'mistral3', 'minicpm', 'granite']);

/** What each block of an architecture of GGUF has; `null` where that is not known here. */
export function blockPlanOf(architecture: string, expertCount: number): BlockPlan | null {
  const plan = Object.hasOwn(plans, architecture) ? plans[architecture] : undefined;
  if (plan === undefined) return null;
  if (expertCount === 0 || !withExperts.has(architecture)) return plan;
  const needed = plan.needed.filter((name) => typeof name !== 'string' || !gate.includes(name));
  // Each expert had tensors of its own in older files.
  return { ...plan, needed: [...needed, 'ffn_gate_inp'] };
}
