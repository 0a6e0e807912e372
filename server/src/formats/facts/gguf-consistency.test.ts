import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ggufMetadata, smallLlama, smallLlamaTensors } from '../../../test/small-model-files.ts';
import { SamovarError } from '../../kernel/errors.ts';
import { ggmlTypeNamed } from '../gguf/ggml-types.ts';
import { checkConsistency } from './gguf-consistency.ts';

type Entries = Parameters<typeof ggufMetadata>[0];

const whole = smallLlamaTensors();

function check(changes: Entries, shapes: Readonly<Record<string, readonly number[]>> = whole): void {
  const entries: Entries = { ...smallLlama, ...changes };
  const architecture = String(entries['general.architecture']);
  const type = ggmlTypeNamed('F32');
  const tensors = Object.entries(shapes).map(([name, shape]) => ({
    name,
    shape,
    type,
    offset: 0,
    sizeBytes: 0,
    elements: 0,
  }));
  checkConsistency({ metadata: ggufMetadata(entries), architecture, tensors, path: 'm.gguf' });
}

function without(name: string): typeof whole {
  const { [name]: _, ...others } = whole;
  return others;
}

const contradictions: readonly (readonly [what: string, changes: Entries, reason: RegExp])[] = [
  ['no heads', { 'llama.attention.head_count': 0 }, /no heads \(head_count is 0\)/],
  ['no key-value heads', { 'llama.attention.head_count_kv': 0 }, /head_count_kv is 0/],
  ['no heads in any layer', { 'llama.attention.head_count_kv': [0, 0] }, /head_count_kv is 0/],
  ['heads that do not divide the width', { 'llama.attention.head_count': 7 }, /7 heads share a width of 64/],
  ['more rotated dimensions than there are', { 'llama.rope.dimension_count': 1000 }, /a head has 16/],
  ['another width', { 'llama.embedding_length': 128 }, /128 dimensions, and token_embd.weight has 64/],
  ['more tokens than rows', { 'tokenizer.ggml.tokens': ['a', 'b', 'c'] }, /3 tokens.* has 2 rows/],
  ['more blocks than there are', { 'llama.block_count': 3 }, /has 3 blocks, and has tensors of 2/],
];

function refuses(run: () => void, reason: RegExp): void {
  assert.throws(
    run,
    (error) =>
      error instanceof SamovarError &&
      error.code === 'model.refused' &&
      reason.test(String(error.params.reason)) &&
      /ask its publisher/.test(String(error.params.reason)),
  );
}

for (const [what, changes, reason] of contradictions)
  test(`a GGUF model that claims ${what} is refused`, () => {
    refuses(() => check(changes), reason);
  });

const broken: readonly (readonly [what: string, shapes: typeof whole, reason: RegExp])[] = [
  ['lacks a matrix of a block', without('blk.1.ffn_up.weight'), /lacks blk.1.ffn_up.weight/],
  ['lacks a norm of a block', without('blk.0.attn_norm.weight'), /lacks blk.0.attn_norm.weight/],
  ['lacks queries, keys and values', without('blk.0.attn_k.weight'), /lacks blk.0.attn_k.weight/],
  ['lacks the last norm', without('output_norm.weight'), /lacks output_norm.weight/],
  ['lacks the word embeddings', without('token_embd.weight'), /lacks token_embd.weight/],
  [
    'has a matrix of another shape in a block',
    { ...whole, 'blk.1.ffn_up.weight': [7, 5] },
    /blk.1.ffn_up.weight of the shape 7 × 5, where its model needs 64 × 16/,
  ],
  [
    'has a vector in place of a matrix',
    { ...whole, 'blk.1.attn_q.weight': [64] },
    /attn_q.weight of the shape 64,/,
  ],
  [
    'has a matrix in place of a vector',
    { ...whole, 'blk.1.attn_norm.weight': [64, 2] },
    /attn_norm.weight of the shape 64 × 2,/,
  ],
  [
    'has a bias that is longer than its matrix',
    { ...whole, 'blk.1.attn_q.bias': [65] },
    /attn_q.bias of the shape 65,/,
  ],
  [
    'has blocks that it does not count',
    { ...whole, 'blk.2.attn_q.weight': [64, 64] },
    /has 2 blocks, and has blk.2.attn_q.weight/,
  ],
];

for (const [what, shapes, reason] of broken)
  test(`a GGUF model that ${what} is refused`, () => {
    refuses(() => check({}, shapes), reason);
  });

test('a GGUF model whose lists of the vocabulary are too short is refused', () => {
  refuses(() => check({ 'tokenizer.ggml.token_type': [1] }), /2 tokens, and only 1 values/);
  check({ 'tokenizer.ggml.scores': [0.5, 0.25, 0.5] });
});

/** Experts in place of the feed-forward part, in the older form: tensors of its own for each. */
const mixtral = Object.fromEntries(
  Object.entries(whole).map(([name, shape]) => [name.replace(/(ffn_(?:gate|up|down))\./, '$1.0.'), shape]),
);
const fused = {
  ...without('blk.0.attn_q.weight'),
  'blk.0.attn_k.weight': [64, 32],
  'blk.0.attn_qkv.weight': [64, 128],
};

const sound: readonly (readonly [what: string, changes: Entries, shapes?: typeof whole])[] = [
  ['what its tensors are', {}],
  [
    'layers without attention beside layers with it',
    {
      'general.architecture': 'jamba',
      'jamba.block_count': 2,
      'jamba.embedding_length': 64,
      'jamba.attention.head_count': 4,
      'jamba.attention.head_count_kv': [0, 2],
    },
    { ...whole, 'blk.0.ssm_a': [16, 128] },
  ],
  [
    'the dimensions of its heads',
    { 'llama.attention.head_count': 2, 'llama.attention.key_length': 32, 'llama.rope.dimension_count': 32 },
    {
      ...whole,
      ...Object.fromEntries(
        [0, 1].flatMap((block) => ['k', 'v'].map((name) => [`blk.${block}.attn_${name}.weight`, [64, 64]])),
      ),
    },
  ],
  ['no output of its own, and frequencies beside', {}, { ...whole, 'rope_freqs.weight': [8] }],
  ['queries, keys and values in one', {}, fused],
  [
    'experts',
    { 'llama.expert_count': 8, 'llama.expert_used_count': 2 },
    { ...mixtral, 'blk.0.ffn_gate_inp.weight': [64, 8], 'blk.1.ffn_gate_inp.weight': [64, 8] },
  ],
  [
    'a block for further tokens',
    { 'llama.block_count': 3, 'llama.nextn_predict_layers': 1 },
    { ...whole, 'blk.2.nextn.eh_proj.weight': [128, 64] },
  ],
  ['an architecture that is not known here', { 'general.architecture': 'plamo' }, { 'x.weight': [1] }],
  [
    'blocks for further tokens that were left out',
    { 'llama.block_count': 3, 'llama.nextn_predict_layers': 1 },
  ],
  ['fewer tokens than rows', { 'tokenizer.ggml.tokens': ['a'] }],
  [
    'no heads where nothing attends',
    {
      'general.architecture': 'mamba',
      'mamba.attention.head_count': 0,
      'mamba.block_count': 2,
      'mamba.embedding_length': 64,
    },
  ],
];

for (const [what, changes, shapes] of sound)
  test(`a GGUF model that claims ${what} is taken`, () => {
    check(changes, shapes);
  });
