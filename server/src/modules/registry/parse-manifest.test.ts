import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { modelManifestSchema } from '@samovar/contract/model-manifest';
import { parse } from 'yaml';
import { parseManifest } from './parse-manifest.ts';

const models = new URL('../../../../models/', import.meta.url);

async function minilm(): Promise<Record<string, unknown>> {
  return parse(await readFile(new URL('all-minilm-l6-v2.yaml', models), 'utf8')) as Record<string, unknown>;
}

test('every manifest of the catalogue is valid and named like its file', async () => {
  for (const file of (await readdir(models)).filter((name) => name.endsWith('.yaml'))) {
    const manifest = parseManifest(parse(await readFile(new URL(file, models), 'utf8')), file);
    assert.equal(`${manifest.name}.yaml`, file);
  }
});

test('the published JSON Schema is the one that manifests are checked with', async () => {
  const published: unknown = JSON.parse(await readFile(new URL('model.schema.json', models), 'utf8'));
  const dialect = 'https://json-schema.org/draft/2020-12/schema';
  assert.deepEqual(published, JSON.parse(JSON.stringify({ $schema: dialect, ...modelManifestSchema })));
});

test('a manifest that would write outside its place, or says too little, is refused with the fault', async () => {
  const right = await minilm();
  const file = (right.files as object[])[0];
  const faults: [Record<string, unknown>, RegExp][] = [
    [{ files: [{ ...file, name: '../evil' }] }, /\/files\/0\/name/],
    [{ files: [{ ...file, pathInSource: '../../etc/passwd' }] }, /\/files\/0\/pathInSource/],
    [{ files: [{ ...file, pathInSource: '/etc/passwd' }] }, /\/files\/0\/pathInSource/],
    [{ files: [{ ...file, sha256: 'abc' }] }, /\/files\/0\/sha256/],
    [{ files: [file, file] }, /same name/],
    [{ files: [] }, /`files` belong to models that run here/],
    [{ name: 'Not A Name' }, /\/name/],
    [{ embedding: undefined }, /embedding/],
    [{ surprise: 1 }, /\/surprise is no field/],
    [{ sources: ['a!b + c!d'] }, /exactly one file/],
  ];
  for (const [change, finding] of faults) {
    const wrong = JSON.parse(JSON.stringify({ ...right, ...change })) as unknown;
    assert.throws(() => parseManifest(wrong, 'wrong.yaml'), finding, JSON.stringify(change));
  }
});
