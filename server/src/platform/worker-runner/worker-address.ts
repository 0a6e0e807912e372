import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** Where a worker is told to listen, and how the data path calls it. */
export interface WorkerAddress {
  readonly listen: string;
  /** `unix:/path/to.sock` or `http://host:port`. */
  readonly address: string;
  readonly socketPath: string | null;
}

/** The kernel keeps socket paths in 108 bytes (104 on macOS), the closing zero included. */
const longestPathBytes = 100;

/**
 * A Unix socket in the run folder; where that lies too deep, in a folder of the system's temporary one that only this
 * user can enter, named after the run folder. Otherwise a free TCP port of the address given.
 */
export async function addressOf(
  workerId: string,
  where: { readonly workerListen: string; readonly runFolder: string },
): Promise<WorkerAddress> {
  if (where.workerListen !== 'unix') return await tcpAddress(where.workerListen);
  const name = `${socketPrefix}${workerId.replaceAll('-', '').slice(-16)}${socketSuffix}`;
  const near = join(where.runFolder, name);
  const path = Buffer.byteLength(near) <= longestPathBytes ? near : join(shortFolder(where.runFolder), name);
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  return { listen: path, address: `unix:${path}`, socketPath: path };
}

const socketPrefix = 'w-';
const socketSuffix = '.sock';

/** Whether a file of this name is a socket that `addressOf` named. */
export function isWorkerSocket(name: string): boolean {
  return name.startsWith(socketPrefix) && name.endsWith(socketSuffix);
}

/** Where sockets lie instead of in a run folder that is too deep. */
export function shortFolderOf(runFolder: string): string {
  const hash = createHash('sha256').update(runFolder).digest('hex').slice(0, 12);
  return join(tmpdir(), `samovar-${hash}`);
}

function shortFolder(runFolder: string): string {
  const folder = shortFolderOf(runFolder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  const { uid } = userInfo();
  if (!found.isDirectory() || (uid >= 0 && found.uid !== uid) || (found.mode & 0o077) !== 0)
    throw new Error(`${folder} is not a folder of this user alone, so no sockets are put there`);
  return folder;
}

async function tcpAddress(host: string): Promise<WorkerAddress> {
  const port = await freePort(host);
  const named = host.includes(':') ? `[${host}]` : host;
  return { listen: `tcp://${named}:${port}`, address: `http://${named}:${port}`, socketPath: null };
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, host, () => {
      const bound = probe.address();
      probe.close(() => {
        if (bound !== null && typeof bound === 'object') resolve(bound.port);
        else reject(new Error(`no free port on ${host}`));
      });
    });
  });
}
