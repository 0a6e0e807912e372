import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { getLlama, type Llama, LlamaLogLevel } from 'node-llama-cpp';
import { hostileTexts } from '../../../test/hostile-texts.ts';
import { bundledSource } from '../llama-server/bundled-source.ts';
import { createGgufVocabulary } from './gguf-vocabulary.ts';
import { nativeVocabulary } from './native-vocabulary.ts';

let folder = '';
let llama: Llama | undefined;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-vocabularies-'));
  const { bundlePath } = await bundledSource();
  execFileSync('git', ['clone', '--quiet', bundlePath, join(folder, 'source')]);
  llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.disabled,
  });
});
after(async () => {
  await llama?.dispose();
  await rm(folder, { recursive: true });
});

test('texts in parts have the tokens of the whole with every kind of vocabulary that the engine source carries', async () => {
  const paths = globSync(join(folder, 'source/models/ggml-vocab-*.gguf')).sort();
  assert.ok(paths.length >= 15, `${paths.length} vocabularies`);
  const kinds = new Set<number>();
  for (const modelPath of paths) {
    assert.ok(llama);
    const model = await llama.loadModel({ modelPath, vocabOnly: true, ignoreMemorySafetyChecks: true });
    const vocabulary = createGgufVocabulary(model);
    const native = nativeVocabulary(model);
    kinds.add(native.getVocabularyType());
    const special = Array.from({ length: vocabulary.size }, (_, token) => token)
      .filter((token) => (native.getTokenAttributes(token) & (1 | 8 | 16)) !== 0)
      .map((token) => native.getTokenString(token));
    fc.assert(
      fc.property(hostileTexts(special), (text) => {
        assert.deepEqual(
          vocabulary.encodeContinuation(text),
          native.tokenize(text, true),
          basename(modelPath),
        );
        assert.deepEqual(vocabulary.encodePlain(text), native.tokenize(text, false), basename(modelPath));
      }),
      { numRuns: 60, seed: 11, endOnFailure: true },
    );
    await model.dispose();
  }
  assert.ok(kinds.size >= 3, `${kinds.size} kinds`);
});
