import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataFolder } from '@samovar/contract/data-folder';
import { canEnter, type PostgresUser } from './postgres-user.ts';

/** Where the embedded server keeps its files. */
export interface PostgresPlace {
  readonly user: PostgresUser | null;
  /** The cluster (PGDATA). */
  readonly cluster: string;
  /** Folder for a copy of the binaries, when one is needed. */
  readonly copies: string;
  /** The server's log, in a folder that its user can write. */
  readonly log: string;
  /** A file of mode 600 with the password of our role. */
  readonly passwordFile: string;
}

/** Root's data may lie where PostgreSQL's user cannot go; the cluster then lies here, by a digest of the data's path. */
const apartRoot = '/var/lib/samovar/apart';

/** Chooses the folders and makes those that are missing. */
export function choosePostgresPlace(data: DataFolder, user: PostgresUser | null): PostgresPlace {
  const apart = join(apartRoot, createHash('sha256').update(data.root).digest('hex').slice(0, 16));
  const reachable = user === null || canEnter(data.root, user);
  const base = reachable ? data.root : apart;
  const cluster = reachable ? data.postgres : join(apart, 'postgres');
  if (!reachable) for (const folder of ['/var/lib/samovar', apartRoot, apart]) makeEnterable(folder);
  mkdirSync(cluster, { recursive: true, mode: 0o700 });
  if (user) chownSync(cluster, user.uid, user.gid);
  chmodSync(cluster, 0o700);
  return {
    user,
    cluster,
    copies: base,
    log: join(data.logs, 'postgres.log'),
    passwordFile: join(data.root, 'postgres-password'),
  };
}

function makeEnterable(folder: string): void {
  if (existsSync(folder)) return;
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o711);
}

/** The longest path of a Unix socket (sun_path is 108 bytes on Linux, 104 elsewhere, with the final zero). */
const socketPathLimit = process.platform === 'linux' ? 107 : 103;
const socketName = '/.s.PGSQL.5432';

/**
 * The folder of the server's socket: in the data folder where the path is short enough and its user can go there,
 * else a new one in the machine's folder for temporary files.
 */
export function makeSocketFolder(data: DataFolder, user: PostgresUser | null): string {
  const usual = join(data.run, 'postgres');
  const fits = Buffer.byteLength(usual + socketName) <= socketPathLimit && canEnter(data.run, user);
  const folder = fits ? usual : mkdtempSync(join(tmpdir(), 'samovar-'));
  mkdirSync(folder, { recursive: true });
  if (user) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
  return folder;
}
