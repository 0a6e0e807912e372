import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { catalogueManifest } from '../../../test/models.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Inspection } from '../../kernel/ports/model-inspector.ts';
import { refuseFalseClaims } from './refuse-false-claims.ts';

const manifest = await catalogueManifest('smollm2-135m-instruct');
const { schema, name, title, description, files, sources, ...facts } = manifest;
const inspection: Inspection = {
  files: [{ path: 'model.gguf', sizeBytes: 1, format: 'gguf' }],
  needed: ['model.gguf'],
  facts,
  servable: 'as-is',
  notes: [],
};
const without: Inspection['facts'] = { ...facts, capabilities: ['completions'] };
function under(id: string) {
  return { license: { id, source: 'x' } };
}
function foundUnder(id: string): Partial<Inspection> {
  return { facts: { ...facts, ...under(id) } };
}
const adapter = {
  format: 'gguf',
  rank: 4,
  alpha: 8,
  targetModules: ['attn_q'],
  base: { source: 'hf:a/b', revision: null, architecture: 'llama' },
} as const;

type Case = readonly [
  what: string,
  declared: Partial<ModelManifest>,
  found: Partial<Inspection>,
  reason: RegExp | null,
];

const cases: readonly Case[] = [
  ['another architecture', { architecture: 'qwen2' }, {}, /architecture is llama, not qwen2/],
  ['another quantisation', { quantization: 'Q8_0' }, {}, /quantization is Q4_1, not Q8_0/],
  ['floats where there are few bits', { quantization: 'BF16' }, {}, /quantization is Q4_1/],
  ['many more parameters', { parameters: 70_000_000_000 }, {}, /parameters are 134515008, not 70000000000/],
  ['a longer context', { contextTokens: 131_072 }, {}, /contextTokens is at most 8192, not 131072/],
  ['another task', { task: 'embedding' }, {}, /task is chat, not embedding/],
  ['an engine that cannot read them', { engine: 'onnx' }, {}, /engine onnx does not run them/],
  ['chat without a template', {}, { facts: without }, /do not include chat: .*do not include tools/],
  ['an adapter as a model', {}, { facts: { ...facts, adapter } }, /they are a LoRA adapter/],
  ['a model as an adapter', { adapter }, {}, /they are no LoRA adapter/],
  ['what must be converted first', {}, { servable: 'convert' }, /import the model, which converts it/],
  [
    'several things at once',
    { architecture: 'x', contextTokens: 9_000 },
    {},
    /architecture .*; contextTokens /,
  ],
  [
    'a freer licence',
    under('MIT'),
    foundUnder('llama3.3'),
    /license.id is llama3.3, not MIT: write llama3.3, or other/,
  ],
  ['a freer licence than a list', under('Apache 2.0'), foundUnder('MIT, gemma'), /license.id is MIT, gemma/],
  ['a freer licence than for some uses', under('CC-BY-4.0'), foundUnder('CC-BY-NC-4.0'), /is CC-BY-NC-4.0/],
  ['a licence in another spelling', under('Apache 2.0'), foundUnder('Apache-2.0'), null],
  ['terms in another spelling', under('Llama 3.3 Community License'), foundUnder('llama3.3'), null],
  ['another licence', under('other'), foundUnder('llama3.3'), null],
  ['no licence', under('unknown'), foundUnder('gemma'), null],
  ['an agreement of its own', under('Contract 7 with the maker'), foundUnder('gemma'), null],
  ['a licence where the files state none', under('MIT'), foundUnder('unknown'), null],
  ['a licence of its own kind', under('MIT'), foundUnder('Apache-2.0'), null],
  ['stricter terms', under('gemma'), foundUnder('MIT'), null],
  ['all that they are', {}, {}, null],
  ['a shorter context and fewer abilities', { contextTokens: 512, capabilities: ['chat'] }, {}, null],
  ['a name of the mixture of its own', { quantization: 'UD-Q4_K_XL' }, {}, null],
  ['no parameters', { parameters: 0 }, {}, null],
  ['a rounded count', { parameters: 100_000_000 }, {}, null],
  ['the other engine of such files', { engine: 'llama-server' }, {}, null],
  [
    'chat with a template of the manifest',
    { engineOptions: { chatTemplate: '{{ messages }}' } },
    { facts: without },
    null,
  ],
];

for (const [what, declared, found, reason] of cases)
  test(`a manifest that declares ${what} is ${reason === null ? 'taken' : 'refused by name'}`, () => {
    const check = () => refuseFalseClaims({ ...manifest, ...declared }, { ...inspection, ...found });
    if (reason === null) return check();
    assert.throws(check, (error) => {
      assert.ok(error instanceof SamovarError);
      assert.equal(error.code, 'model.manifest_invalid');
      assert.match(String(error.params.reason), reason);
      return true;
    });
  });
