import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHereText } from './is-here.ts';

const adapter = {
  format: 'gguf',
  rank: 4,
  alpha: 8,
  targetModules: ['attn_q'],
  base: { source: 'hf:a/b', revision: null, architecture: 'llama' },
} as const;

test('a model that has come is told with what asks it: a command, or the route for vectors', () => {
  assert.equal(isHereText('a', { task: 'chat' }), 'a is here; `samovar ask --model a` asks it.');
  assert.match(
    isHereText('a', { task: 'chat', adapter }),
    /asks it where the model that it was trained on is here; `samovar deployments set a --base MODEL --force`/,
  );
  assert.match(isHereText('a', { task: 'embedding' }), /`POST \/v1\/embeddings` with `"model": "a"`/);
});
