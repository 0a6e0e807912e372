import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { readPackageMirrors } from './package-mirrors.ts';

const unset = { pypiIndex: null, npmRegistry: null, mavenRepository: null, caFile: null };
const names = /^(npm_config_|pip_|uv_|https?_proxy$|no_proxy$|home$|xdg_config_home$)/i;
let kept: NodeJS.ProcessEnv;
let home: string;

beforeEach(() => {
  kept = { ...process.env };
  for (const name of Object.keys(process.env)) if (names.test(name)) delete process.env[name];
  home = mkdtempSync(join(tmpdir(), 'samovar-home-'));
  process.env.HOME = home;
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name];
  Object.assign(process.env, kept);
  rmSync(home, { recursive: true });
});

test('without any configuration packages come from the public registries', () => {
  const mirrors = readPackageMirrors(unset);
  assert.equal(mirrors.npmRegistry, 'https://registry.npmjs.org/');
  assert.equal(mirrors.mavenRepository, 'https://repo.maven.apache.org/maven2');
  assert.equal(mirrors.httpsProxy, null);
});

test('our settings win over the environment, and that over the files of npm and pip', () => {
  const token = `${'$'}{MIRROR_TOKEN}`;
  process.env.MIRROR_TOKEN = 'from-environment';
  writeFileSync(
    join(home, '.npmrc'),
    `registry=https://npm.example.org/repo\n//npm.example.org/repo/:_authToken=${token}\n`,
  );
  process.env.PIP_CONFIG_FILE = join(home, 'pip.conf');
  writeFileSync(process.env.PIP_CONFIG_FILE, '[global]\nindex-url = https://pip.example.org/simple\n');
  const fromFiles = readPackageMirrors(unset);
  assert.equal(fromFiles.npmRegistry, 'https://npm.example.org/repo');
  assert.equal(fromFiles.npmToken, 'from-environment');
  assert.equal(fromFiles.pypiIndex, 'https://pip.example.org/simple');

  process.env.PIP_INDEX_URL = 'https://env.example.org/simple';
  process.env.npm_config_registry = 'https://env.example.org/npm/';
  process.env.https_proxy = 'http://proxy.example.org:3128';
  const fromEnvironment = readPackageMirrors(unset);
  assert.equal(fromEnvironment.pypiIndex, 'https://env.example.org/simple');
  assert.equal(fromEnvironment.npmRegistry, 'https://env.example.org/npm/');
  assert.equal(fromEnvironment.npmToken, null);
  assert.equal(fromEnvironment.httpsProxy, 'http://proxy.example.org:3128');

  const own = { ...unset, pypiIndex: 'https://own.example.org/simple' };
  assert.equal(readPackageMirrors(own).pypiIndex, 'https://own.example.org/simple');
});

test("the authorities of npm's `cafile` and pip's `cert` are trusted besides ours", () => {
  const [own, ofNpm, ofPip] = ['own.pem', 'npm.pem', 'pip.pem'].map((name) => join(home, name));
  for (const path of [own, ofNpm, ofPip]) writeFileSync(String(path), 'a certificate');
  writeFileSync(join(home, '.npmrc'), 'cafile=~/npm.pem\n');
  process.env.PIP_CONFIG_FILE = join(home, 'pip.conf');
  writeFileSync(process.env.PIP_CONFIG_FILE, `[global]\ncert = ${ofPip}\n`);
  assert.deepEqual(readPackageMirrors({ ...unset, caFile: String(own) }).caFiles, [own, ofNpm, ofPip]);

  process.env.PIP_CERT = join(home, 'env.pem');
  process.env.NPM_CONFIG_CAFILE = join(home, 'env.pem');
  assert.throws(
    () => readPackageMirrors(unset),
    /PIP_CERT.* is not valid: the file \S+env\.pem does not exist/,
  );
  writeFileSync(process.env.PIP_CERT, 'a certificate');
  assert.deepEqual(readPackageMirrors(unset).caFiles, [process.env.PIP_CERT]);
});
