import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testModel } from '../../../test/models.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { loadVocabulary } from '../llama-server/load-vocabulary.ts';
import { encodeInSlices } from './encode-in-slices.ts';

test('a long text has the same tokens in slices as in one go, and others get their turn between them', async () => {
  const { files } = await testModel('smollm2-135m-instruct');
  const { vocabulary, dispose } = await loadVocabulary(files['model.gguf'] ?? '', silentLog);
  const mixed =
    'The quick brown fox  jumps; over 12 lazy dogs.\n\tif (x) { return "naïve café" }  漢字 🙂👩‍👩‍👧 это слова и слова\r\n';
  for (const text of [
    mixed.repeat(3000),
    'word '.repeat(60_000),
    'x'.repeat(80_000),
    `${' '.repeat(70_000)}a b`,
  ]) {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    const tokens = await encodeInSlices(vocabulary, text);
    clearInterval(timer);
    assert.deepEqual(tokens, vocabulary.encodePlain(text));
    if (text.length > 200_000) assert.ok(turns >= 2, `${turns} turns`);
  }
  await dispose();
});
