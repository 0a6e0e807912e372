import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type PackageServer, startPackageServer } from '../../../server/test/package-server.ts';
import { CommandError } from '../command-error.ts';
import { type AcceleratorPackage, acceleratorPackages } from './accelerator-packages.ts';
import { linkPackage, ownCheckout, readInstalled } from './accelerator-place.ts';
import { installAccelerator, restoreAccelerator, uninstallAccelerator } from './install-accelerator.ts';

const name = '@node-llama-cpp/linux-x64-vulkan';
const root = mkdtempSync(join(tmpdir(), 'samovar-accelerator-'));
let registry: PackageServer;
let archive: Buffer;
let pin: AcceleratorPackage;
let checkout: string;

before(async () => {
  archive = packed(7);
  registry = await startPackageServer();
  const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
  pin = { name, version: '3.22.1', integrity, sizeBytes: archive.length };
});
beforeEach(async () => {
  process.env.npm_config_registry = registry.url;
  serve(archive);
  checkout = mkdtempSync(join(root, 'checkout-'));
  const engine = join(checkout, 'node_modules', 'node-llama-cpp');
  mkdirSync(engine, { recursive: true });
  writeFileSync(join(engine, 'package.json'), '{"version":"3.22.1"}');
  const empty = join(checkout, 'tools', 'empty-package');
  mkdirSync(empty, { recursive: true });
  writeFileSync(join(empty, 'package.json'), '{"name":"empty"}');
  await linkPackage(checkout, name, empty);
});
afterEach(() => {
  delete process.env.npm_config_registry;
});
after(async () => {
  await registry.stop();
  rmSync(root, { recursive: true, force: true });
});

/** A package's archive as npm makes it. */
function packed(fill: number): Buffer {
  const folder = join(root, 'package');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '3.22.1' }));
  writeFileSync(join(folder, 'binary'), Buffer.alloc(100_000, fill));
  execFileSync('tar', ['-czf', join(root, 'package.tgz'), '-C', root, 'package']);
  return readFileSync(join(root, 'package.tgz'));
}

/** What the registry answers: the package with this archive. The registry itself vouches for whatever it has. */
function serve(body: Buffer): void {
  const tarball = `${registry.url}/vulkan.tgz`;
  const integrity = `sha512-${createHash('sha512').update(body).digest('base64')}`;
  const version = { name, version: '3.22.1', dist: { tarball, integrity } };
  const packument = { name, 'dist-tags': { latest: '3.22.1' }, versions: { '3.22.1': version } };
  registry.files.set('/@node-llama-cpp%2flinux-x64-vulkan', {
    body: Buffer.from(JSON.stringify(packument)),
    contentType: 'application/json',
  });
  registry.files.set('/vulkan.tgz', { body });
}

/** The name in the package that the engine finds. */
function found(): string {
  const path = join(realpathSync(join(checkout, 'node_modules', name)), 'package.json');
  return JSON.parse(readFileSync(path, 'utf8')).name;
}

const untold = () => undefined;

test('binaries for an accelerator are fetched with their size told, found by the engine, and removed again', async () => {
  const told: string[] = [];
  await installAccelerator(checkout, 'vulkan', (line) => told.push(line), [pin]);
  assert.match(told[0] ?? '', /Fetching @node-llama-cpp\/linux-x64-vulkan@3\.22\.1.*: \d.* k?B/);
  assert.equal(found(), name);
  assert.deepEqual(readInstalled(checkout), { kind: 'vulkan', version: '3.22.1' });
  assert.deepEqual(readdirSync(join(checkout, '.samovar', 'engines')), ['linux-x64-vulkan-3.22.1']);
  const requests = registry.requests.length;
  await installAccelerator(checkout, 'vulkan', untold, [pin]);
  assert.equal(registry.requests.length, requests, 'what is here is not fetched again');
  assert.equal(await uninstallAccelerator(checkout), true);
  assert.equal(found(), 'empty');
  assert.equal(readInstalled(checkout), null);
  assert.equal(await uninstallAccelerator(checkout), false);
});

test('a package that is not the pinned one is refused, though its registry vouches for it, and nothing changes', async () => {
  serve(packed(8));
  await assert.rejects(installAccelerator(checkout, 'vulkan', untold, [pin]), (error: unknown) => {
    assert.ok(error instanceof CommandError);
    assert.match(error.message, /not the pinned one/);
    return true;
  });
  assert.equal(found(), 'empty');
  assert.equal(readInstalled(checkout), null);
  assert.deepEqual(readdirSync(join(checkout, '.samovar', 'engines')), []);
});

test('an installation that is killed while it fetches leaves what was there', async () => {
  registry.files.set('/vulkan.tgz', { body: archive, claimedBytes: archive.length + 1_000 });
  const script = join(root, 'install.mjs');
  const own = fileURLToPath(new URL('./install-accelerator.ts', import.meta.url));
  writeFileSync(
    script,
    `import { installAccelerator } from ${JSON.stringify(own)};
    await installAccelerator(...${JSON.stringify([checkout, 'vulkan'])}, () => undefined, ${JSON.stringify([pin])});`,
  );
  const child = fork(script, { stdio: 'ignore' });
  while (!registry.requests.includes('GET /vulkan.tgz'))
    await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.equal(found(), 'empty');
  assert.equal(readInstalled(checkout), null);
  serve(archive);
  await installAccelerator(checkout, 'vulkan', untold, [pin]);
  assert.equal(found(), name);
});

test('after the packages were installed anew the binaries are used again, or it is said that they no longer fit', async () => {
  await installAccelerator(checkout, 'vulkan', untold, [pin]);
  await linkPackage(checkout, name, join(checkout, 'tools', 'empty-package'));
  const told: string[] = [];
  await restoreAccelerator(checkout, (line) => told.push(line));
  assert.equal(found(), name);
  assert.equal(told.length, 0);
  await linkPackage(checkout, name, join(checkout, 'tools', 'empty-package'));
  writeFileSync(join(checkout, 'node_modules', 'node-llama-cpp', 'package.json'), '{"version":"9.0.0"}');
  await restoreAccelerator(checkout, (line) => told.push(line));
  assert.equal(found(), 'empty');
  assert.match(told[0] ?? '', /do not fit.*engines install vulkan/);
  await assert.rejects(installAccelerator(checkout, 'vulkan', untold, [pin]), /of version 9\.0\.0/);
});

test('the pinned binaries are those of the engine that the lock file names', () => {
  const lock = JSON.parse(readFileSync(join(ownCheckout, 'package-lock.json'), 'utf8'));
  const { version } = lock.packages['node_modules/node-llama-cpp'];
  for (const pinned of Object.values(acceleratorPackages).flat()) assert.equal(pinned.version, version);
});
