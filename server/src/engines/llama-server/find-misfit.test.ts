import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMisfit } from './find-misfit.ts';

const adapters = ['good', 'wide', 'wide-too'].map((name) => ({
  versionId: `version-${name}`,
  name,
  path: `/cache/${name}.gguf`,
  parallelSequences: 1,
}));

test('the adapter at which llama-server ended is known by its last lines, with what is wrong with it', () => {
  const misfit = findMisfit(
    [
      "0.00.016.502 I srv    load_model: loading model '/cache/good.gguf'",
      "0.00.540.279 E llama_adapter_lora_init_from_file_ptr: failed to apply lora adapter: tensor 'blk.0.attn_q.weight' has incorrect shape (hint: maybe wrong base model?)",
      "0.00.540.354 E cmn  common_init_: failed to load lora adapter '/cache/wide.gguf'",
      "0.00.540.387 E cmn  common_init_: failed to create context with model '/cache/model.gguf'",
      '0.00.542.633 E srv  llama_server: exiting due to model loading error',
    ],
    adapters,
  );
  assert.equal(misfit?.adapter.name, 'wide');
  assert.equal(
    misfit?.reason,
    "tensor 'blk.0.attn_q.weight' has incorrect shape (hint: maybe wrong base model?)",
  );
});

test('what ends llama-server for another reason is no fault of an adapter', () => {
  assert.equal(findMisfit(['E srv  llama_server: exiting due to model loading error'], adapters), null);
});
