import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bufferSource } from '../src/formats/bytes/byte-source.ts';
import { hubToGguf } from '../src/formats/conversion/hub-to-gguf.ts';
import { ggufModel } from '../src/formats/facts/gguf-model.ts';
import { readGguf } from '../src/formats/gguf/read-gguf.ts';
import { catalogueManifest, type TestModel } from './models.ts';
import { putTinyModel, tinyModel } from './tiny-architectures.ts';

const noTerms = {
  card: null,
  license: null,
  languages: [],
  baseModel: null,
  quantizedFrom: null,
  licensePath: null,
};

/** A language model of half a megabyte as an import makes it: the facts are its own, title and licence another's. */
export async function putTinyGguf(folder: string): Promise<TestModel> {
  const open = async (path: string) => bufferSource(await readFile(join(folder, path)), path);
  const paths = await putTinyModel(folder, tinyModel('llama'));
  const target = join(folder, 'model.gguf');
  await hubToGguf(await Promise.all(paths.map(open)), target, { type: 'F32' });
  const source = await open('model.gguf');
  const header = await readGguf(source, { keptElements: 1_000_000 });
  const { facts } = ggufModel([{ path: 'model.gguf', source, header }], noTerms);
  const manifest = {
    ...(await catalogueManifest('smollm2-135m-instruct')),
    ...facts,
    files: [
      {
        name: 'model.gguf',
        sizeBytes: (await stat(target)).size,
        sha256: '0'.repeat(64),
        pathInSource: target,
      },
    ],
  };
  return { manifest, files: { 'model.gguf': target } };
}
