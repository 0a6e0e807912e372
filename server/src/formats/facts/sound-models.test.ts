import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { putTinyModel, tinyModels } from '../../../test/tiny-architectures.ts';
import { SamovarError } from '../../kernel/errors.ts';
import { bufferSource } from '../bytes/byte-source.ts';
import { hubToGguf } from '../conversion/hub-to-gguf.ts';
import { textOf } from '../gguf/gguf-value.ts';
import { readGguf } from '../gguf/read-gguf.ts';
import { checkConsistency } from './gguf-consistency.ts';
import { inspectFiles } from './inspect-files.ts';

/** Older files have these in another form, so that nobody is asked for them. */
const lenient = /^blk\.\d+\.ffn_(gate|up|down)_exps\.weight$/;

for (const [name, model] of Object.entries(tinyModels))
  test(`a sound ${name} model is taken in both forms, and without any of its matrices it is refused`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'samovar-sound-'));
    try {
      const paths = await putTinyModel(folder, model);
      const sources = await Promise.all(
        paths.map(async (path) => bufferSource(await readFile(join(folder, path)), path)),
      );
      assert.equal((await inspectFiles(sources)).servable, 'convert');
      const target = join(folder, 'm.gguf');
      await hubToGguf(sources, target, { type: null });
      const made = bufferSource(await readFile(target), 'm.gguf');
      assert.equal((await inspectFiles([made])).servable, 'as-is');
      const { metadata, tensors } = await readGguf(made);
      const architecture = textOf(metadata, 'general.architecture') ?? '';
      const check = (changed: typeof tensors) =>
        checkConsistency({ metadata, architecture, tensors: changed, path: 'm.gguf' });
      for (const tensor of tensors.filter((each) => /^blk\.1\..*\.weight$/.test(each.name))) {
        const isMixtral = architecture === 'llama' && lenient.test(tensor.name);
        if (isMixtral || /shexp/.test(tensor.name)) continue;
        const others = tensors.filter((each) => each !== tensor);
        assert.throws(() => check(others), SamovarError, `without ${tensor.name}`);
        const shape = tensor.shape.map((length) => length + 1);
        assert.throws(
          () => check([...others, { ...tensor, shape }]),
          SamovarError,
          `a larger ${tensor.name}`,
        );
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
