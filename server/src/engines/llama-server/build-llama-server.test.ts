import assert from 'node:assert/strict';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { compiledShare } from './build-llama-server.ts';
import { bundledSource } from './bundled-source.ts';
import { findLlamaServer } from './llama-server-binary.ts';

test('progress is read from Ninja and from Make', () => {
  assert.equal(compiledShare('[51/204] Building CXX object a.o'), 0.25);
  assert.equal(compiledShare('[ 12%] Building CXX object a.o'), 0.12);
  assert.equal(compiledShare('-- Configuring done'), null);
});

test('the source of the engine is in the package, with the name of its release', async () => {
  const source = await bundledSource();
  await access(source.bundlePath);
  assert.match(source.release, /^[bv]\d/);
});

test('a machine where nothing was built has no llama-server', async () => {
  const folder = await mkdtemp(`${tmpdir()}/samovar-engines-`);
  assert.equal(await findLlamaServer(folder), null);
  await rm(folder, { recursive: true });
});
