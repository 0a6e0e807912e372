import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ggufMetadata, smallLlama } from '../../../test/small-model-files.ts';
import { SamovarError } from '../../kernel/errors.ts';
import { ggmlTypeNamed } from '../gguf/ggml-types.ts';
import { checkConsistency } from './gguf-consistency.ts';

type Entries = Parameters<typeof ggufMetadata>[0];

const whole = {
  'token_embd.weight': [64, 2],
  'blk.0.attn_q.weight': [64, 64],
  'blk.1.attn_q.weight': [64, 64],
};

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

for (const [what, changes, reason] of contradictions)
  test(`a GGUF model that claims ${what} is refused`, () => {
    assert.throws(
      () => check(changes),
      (error) =>
        error instanceof SamovarError &&
        error.code === 'model.refused' &&
        reason.test(String(error.params.reason)),
    );
  });

const sound: readonly (readonly [what: string, changes: Entries])[] = [
  ['what its tensors are', {}],
  ['layers without attention beside layers with it', { 'llama.attention.head_count_kv': [0, 2] }],
  [
    'the dimensions of its heads',
    { 'llama.attention.head_count': 7, 'llama.attention.key_length': 32, 'llama.rope.dimension_count': 32 },
  ],
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

for (const [what, changes] of sound)
  test(`a GGUF model that claims ${what} is taken`, () => {
    check(changes);
  });
