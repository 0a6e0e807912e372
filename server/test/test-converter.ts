import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ModelConverter } from '../src/kernel/ports/model-converter.ts';
import { createModelConverter } from '../src/platform/model-converter/create-model-converter.ts';

/** The product's own converter, without llama-quantize. */
export function testConverter(): ModelConverter {
  return createModelConverter({
    entry: fileURLToPath(new URL('../src/roles/convert-models.ts', import.meta.url)),
    codeFolders: [fileURLToPath(new URL('../../', import.meta.url))],
    environment: { TMPDIR: tmpdir() },
    threads: 1,
    quantizeMemoryBytes: 2 ** 32,
    findQuantizeProgram: async () => null,
  });
}
