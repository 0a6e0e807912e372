import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createTestModelSource, type TestModelSource } from '../../../../test/model-source.ts';

let folder: string;
let source: TestModelSource;
const weights = randomBytes(1_000_000);
const signal = AbortSignal.timeout(30_000);
const refused = { code: 'model.source_invalid' };

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-local-'));
  await mkdir(join(folder, 'root', 'model'), { recursive: true });
  await writeFile(join(folder, 'outside.gguf'), 'of somebody else');
  await writeFile(join(folder, 'root', 'model', 'model.safetensors'), weights);
  await writeFile(join(folder, 'root', 'model', 'config.json'), '{}');
  await writeFile(join(folder, 'root', 'model', 'model.py'), 'print()');
  await writeFile(join(folder, 'root', 'alone.gguf'), weights);
  await symlink(join(folder, 'outside.gguf'), join(folder, 'root', 'link.gguf'));
  await symlink(folder, join(folder, 'root', 'up'));
  await symlink(join(folder, 'outside.gguf'), join(folder, 'root', 'model', 'tokenizer.json'));
  source = await createTestModelSource({ modelFolder: join(folder, 'root') });
});
after(async () => {
  await source.end();
  await rm(folder, { recursive: true });
});

const uriOf = (...path: string[]) => pathToFileURL(join(folder, ...path)).href;

test('a folder gives the files of a model, a file itself, copied and with their digests', async () => {
  const found = await source.resolve(uriOf('root', 'model'), signal);
  assert.deepEqual(
    found.files.map(({ path }) => path),
    ['config.json', 'model.safetensors'],
  );
  assert.deepEqual(found.notes, ['Left out, as it is code: model.py.']);
  const fetched = await source.fetchAll(found);
  assert.ok((await readFile(fetched[1]?.target ?? '')).equals(weights));
  const one = await source.fetchAll(await source.resolve(uriOf('root', 'alone.gguf'), signal));
  assert.equal(one[0]?.sha256, fetched[1]?.sha256);
});

test('a file that has changed since it was looked at is refused', async () => {
  const path = join(folder, 'root', 'changing.gguf');
  await writeFile(path, 'one');
  const found = await source.resolve(pathToFileURL(path).href, signal);
  await writeFile(path, 'two');
  await assert.rejects(source.fetchAll(found), { code: 'model.file_mismatch' });
});

test('what lies outside the folder is not there: by its path, by dots, through links of files and folders', async () => {
  for (const uri of [
    uriOf('outside.gguf'),
    `${uriOf('root')}/../outside.gguf`,
    uriOf('root', 'link.gguf'),
    uriOf('root', 'up', 'outside.gguf'),
    uriOf('root', 'up'),
    uriOf('root', 'missing.gguf'),
    'file:/etc/passwd',
    'file://elsewhere/model.gguf',
  ])
    await assert.rejects(source.resolve(uri, signal), refused, uri);
  const found = await source.resolve(uriOf('root', 'model'), signal);
  const lying = { ...found, files: [{ path: 'tokenizer.json', sizeBytes: null, sha256: null }] };
  await assert.rejects(source.fetchAll(lying), refused);
});

test('without a folder in the settings there are no files at all, and the refusal says what is to be done', async () => {
  const none = await createTestModelSource();
  await assert.rejects(none.resolve(uriOf('root', 'alone.gguf'), signal), {
    ...refused,
    message: /SAMOVAR_MODEL_FOLDER.*samovar models import/,
  });
  await none.end();
});
