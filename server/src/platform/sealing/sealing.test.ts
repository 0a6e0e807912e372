import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { SamovarError } from '../../kernel/errors.ts';
import { loadMasterKey } from './load-master-key.ts';
import { makeMasterKey } from './make-master-key.ts';
import { createSealing } from './sealing.ts';

const key = randomBytes(32);

test('whatever is sealed opens to the same bytes, and two seals of it differ', () => {
  const sealing = createSealing(key);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), fc.string(), (bytes, context) => {
      const plain = Buffer.from(bytes);
      const sealed = sealing.seal(plain, context);
      assert.deepEqual(sealing.open(sealed, context), plain);
      assert.notDeepEqual(sealing.seal(plain, context), sealed);
    }),
  );
});

test('a single changed bit or another context does not open', () => {
  const sealing = createSealing(key);
  const sealed = sealing.seal(Buffer.from('secret'), 'context');
  assert.throws(() => sealing.open(sealed, 'other'));
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    assert.throws(() => sealing.open(changed, 'context'));
  }
});

test('after a rotation old texts open with the former key, and only while it is at hand', () => {
  const sealed = createSealing(key).seal(Buffer.from('secret'), 'context');
  const rotated = randomBytes(32);
  assert.equal(createSealing(rotated, [key]).open(sealed, 'context').toString(), 'secret');
  assert.throws(() => createSealing(rotated).open(sealed, 'context'), /not at hand/);
});

test('processes that start at once agree on one master key, in a file that only its owner reads', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'samovar-sealing-'));
  const source = { masterKey: null, masterKeyFile: null, ownFile: join(folder, 'master-key') };
  const keys = await Promise.all([1, 2, 3, 4].map(() => makeMasterKey(source)));
  for (const found of keys) assert.deepEqual(found, keys[0]);
  assert.equal((await stat(source.ownFile)).mode & 0o777, 0o600);
  assert.deepEqual(await loadMasterKey(source), keys[0]);
  await rm(folder, { recursive: true });
});

test('a process that finds no master key asks for the one of the installation instead of making its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'samovar-sealing-'));
  const ownFile = join(folder, 'master-key');
  await assert.rejects(
    loadMasterKey({ masterKey: null, masterKeyFile: null, ownFile }),
    /SAMOVAR_MASTER_KEY/,
  );
  assert.equal(existsSync(ownFile), false);
  await rm(folder, { recursive: true });
});

test('a given master key that is not one is refused in a sentence', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'samovar-sealing-'));
  const ownFile = join(folder, 'unused');
  const refused = (error: unknown) => error instanceof SamovarError && error.code === 'setup.setting_invalid';
  const masterKeyFile = join(folder, 'given');
  await writeFile(masterKeyFile, 'dG9vIHNob3J0');
  await assert.rejects(loadMasterKey({ masterKey: 'short', masterKeyFile: null, ownFile }), refused);
  await assert.rejects(loadMasterKey({ masterKey: null, masterKeyFile, ownFile }), refused);
  await assert.rejects(
    loadMasterKey({ masterKey: null, masterKeyFile: join(folder, 'none'), ownFile }),
    refused,
  );
  await writeFile(masterKeyFile, `${key.toString('base64')}\n`);
  assert.deepEqual(await loadMasterKey({ masterKey: null, masterKeyFile, ownFile }), key);
  await rm(folder, { recursive: true });
});
