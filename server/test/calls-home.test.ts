import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cleanUp, newDataFolder } from './supervised-run.ts';

after(cleanUp);

const script = fileURLToPath(new URL('./use-once-process.ts', import.meta.url));
const nameServer = '198.51.100.53';

/** Own network and mounts, the loopback up, a name server that only an escape could reach. */
const seal = `ip link set lo up && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"`;
const traced = 'trace=connect,sendto,sendmsg,sendmmsg';

test('a warm start, a chat, an embedding and an idle server reach for nothing beyond the machine', {
  skip: missing(),
  timeout: 400_000,
}, async () => {
  const data = newDataFolder();
  assert.equal(await run(process.execPath, [script, 'use', data]), 0, 'the first start fetches the models');
  const trace = join(data, '..', 'trace');
  assert.equal(await runSealed(trace, ['use', data]), 0, 'it works without a network');
  assert.deepEqual(outsideOf(trace), []);
});

test('this is noticed: a name that is asked for, and a connection to an address outside', {
  skip: missing(),
  timeout: 60_000,
}, async () => {
  const trace = join(newDataFolder(), '..', 'trace');
  assert.equal(await runSealed(trace, ['leak']), 0);
  const seen = outsideOf(trace).join('\n');
  assert.match(seen, /198\.51\.100\.53/);
  assert.match(seen, /192\.0\.2\.1/);
});

/** Runs the script in a network of its own with nothing but the loopback, its system calls written to `trace`. */
async function runSealed(trace: string, words: readonly string[]): Promise<number | null> {
  const resolver = `${trace}.resolv.conf`;
  writeFileSync(resolver, `nameserver ${nameServer}\noptions timeout:1 attempts:1\n`);
  const strace = ['strace', '-f', '--seccomp-bpf', '-qq', '-e', traced, '-e', 'signal=none', '-o', trace];
  const command = [...strace, process.execPath, script, ...words];
  return await run('unshare', ['--net', '--mount', 'sh', '-c', seal, 'sh', resolver, ...command]);
}

async function run(program: string, words: readonly string[]): Promise<number | null> {
  // Libraries are quiet where these are set; users' machines set neither.
  const { CI: _ci, ORT_DISABLE_TELEMETRY: _telemetry, ...env } = process.env;
  const child = spawn(program, words, { stdio: ['ignore', 'inherit', 'inherit'], env });
  await once(child, 'close');
  return child.exitCode;
}

/** The traced calls that name an internet address other than the machine itself. */
function outsideOf(trace: string): string[] {
  return readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => /sa_family=AF_INET6?\b/.test(line) && !isLocal(line));
}

function isLocal(line: string): boolean {
  return /inet_addr\("127\.|inet_pton\(AF_INET6, "(::1|::ffff:127\.[\d.]+)"/.test(line);
}

/** Why the test cannot run on this machine, or `false`. */
function missing(): string | false {
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'only root may make a network namespace';
  for (const tool of ['unshare', 'ip', 'strace'])
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `${tool} is not installed`;
  const tried = spawnSync('unshare', ['--net', '--mount', 'strace', '-f', '--seccomp-bpf', '-qq', 'true']);
  return tried.status === 0 ? false : 'this machine allows no network namespace, or no tracing in it';
}
