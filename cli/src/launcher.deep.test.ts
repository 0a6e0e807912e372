import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const made: string[] = [];

after(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A clean checkout of what is committed. */
function checkout(parent = mkdtempSync(join(tmpdir(), 'samovar-checkout-'))): string {
  made.push(parent);
  chmodSync(parent, 0o755);
  const folder = join(parent, 'samovar');
  execFileSync('git', ['clone', '--quiet', repository, folder]);
  return folder;
}

interface Launch {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function launch(folder: string, words: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
  const child = spawn(join(folder, 'samovar'), words, { env: environment, cwd: tmpdir() });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const finished = once(child, 'close').then((): Launch => ({ status: child.exitCode, out, err }));
  return { child, finished };
}

/** A PATH with the machine's ordinary programs, without those that a word begins with. */
function pathWithout(words: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'samovar-path-'));
  made.push(folder);
  for (const source of (process.env.PATH ?? '').split(':').filter((each) => existsSync(each)))
    for (const name of readdirSync(source))
      if (!words.some((word) => name.startsWith(word)) && !existsSync(join(folder, name)))
        symlinkSync(join(source, name), join(folder, name));
  return folder;
}

const allNode = ['node', 'npm', 'npx', 'corepack'];

test('with Python and pip alone it fetches Node and installs; the second start costs less than a second', async () => {
  const folder = checkout();
  const environment = { ...process.env, PATH: pathWithout(allNode) };
  const first = await launch(folder, ['help'], environment).finished;
  assert.equal(first.status, 0, first.err);
  assert.match(first.err, /Fetching Node .* from the Python package index/);
  const begun = performance.now();
  const second = await launch(folder, ['help'], environment).finished;
  assert.equal(second.err, '');
  assert.ok(performance.now() - begun < 1_000);
});

test('with neither it says what to install', async () => {
  const environment = { ...process.env, PATH: pathWithout([...allNode, 'python', 'pip']) };
  const { status, err } = await launch(checkout(), ['help'], environment).finished;
  assert.equal(status, 1);
  assert.match(err, /^Samovar needs Node 24, .*\nInstall one of them/);
});

test('two launchers at once install once, and a killed one is taken over', async () => {
  const folder = checkout();
  const killed = launch(folder, ['help']);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  killed.child.kill('SIGKILL');
  await killed.finished;
  const both = await Promise.all([launch(folder, ['help']).finished, launch(folder, ['help']).finished]);
  for (const each of both) assert.equal(each.status, 0, each.err);
  const installing = both.filter((each) => each.err.includes('Installing the locked packages'));
  assert.equal(installing.length, 1);
  assert.equal(existsSync(join(folder, '.samovar', 'lock')), false);
});

test('a package that is not the pinned one is refused', async () => {
  const folder = checkout();
  const launcher = join(folder, 'samovar');
  const changed = readFileSync(launcher, 'utf8').replaceAll(
    /^(node_\w+|npm_digest)='sha512-\w{4}/gm,
    "$1='sha512-AAAA",
  );
  writeFileSync(launcher, changed);
  const { status, err } = await launch(folder, ['help'], {
    ...process.env,
    PATH: `${pathWithOldNode()}`,
  }).finished;
  assert.equal(status, 1);
  assert.match(err, /is not the pinned one: its digest differs/);
  assert.equal(existsSync(join(folder, 'node_modules')), false);
});

/** The machine's programs, with a Node that says it is version 20 and else is the one that runs this. */
function pathWithOldNode(): string {
  const folder = pathWithout(['node']);
  const script = `#!/bin/sh\n[ "$1" = --version ] && echo v20.0.0 && exit\nexec "${process.execPath}" "$@"\n`;
  writeFileSync(join(folder, 'node'), script, { mode: 0o755 });
  return folder;
}

const asRoot = process.getuid?.() === 0;

test('as root, a checkout and data under a folder that only root may enter come up and go down', {
  skip: !asRoot,
}, async () => {
  const closed = mkdtempSync(join(homedir(), 'samovar-closed-'));
  const folder = checkout(closed);
  chmodSync(closed, 0o700);
  const environment = {
    ...process.env,
    SAMOVAR_DATA: join(closed, 'data'),
    SAMOVAR_PORT: '0',
    SAMOVAR_GRPC_PORT: '0',
    SAMOVAR_DEFAULT_MODELS: ',',
  };
  const up = await launch(folder, ['up', '--detach'], environment).finished;
  assert.equal(up.status, 0, up.err);
  assert.match(up.out, /Ready/);
  const down = await launch(folder, ['down'], environment).finished;
  assert.equal(down.status, 0, down.err);
});

test('an ordinary user comes up with a home of its own', { skip: !asRoot }, async () => {
  const parent = mkdtempSync(join(tmpdir(), 'samovar-user-'));
  const folder = checkout(parent);
  const home = join(parent, 'home');
  mkdirSync(home);
  execFileSync('chown', ['-R', 'nobody', parent]);
  const path = process.env.PATH ?? '';
  const run = (words: string) =>
    execFileSync(
      '/bin/su',
      [
        '-s',
        '/bin/sh',
        'nobody',
        '-c',
        `cd / && PATH='${path}' HOME='${home}' SAMOVAR_PORT=0 SAMOVAR_GRPC_PORT=0 SAMOVAR_DEFAULT_MODELS=, '${folder}/samovar' ${words}`,
      ],
      { encoding: 'utf8' },
    );
  assert.match(run('up --detach'), /Ready/);
  assert.match(run('status'), /PostgreSQL embedded/);
  assert.match(run('down'), /Stopped/);
});
