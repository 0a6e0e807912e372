import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '@samovar/contract/data-folder';
import { isRunning, signalProcess, waitForEnd } from '@samovar/contract/process-identity';
import { clusterUrl } from './cluster-url.ts';
import { initCluster } from './init-cluster.ts';
import { providePostgresBinaries } from './postgres-binaries.ts';
import type { PostgresPlace } from './postgres-place.ts';
import { livingPostmaster, readPostmasterFile } from './postmaster-file.ts';
import { startPostmaster } from './start-postmaster.ts';

export interface EmbeddedPostgres {
  /** A URL for the driver: the socket's folder, our role and its password. The same after a restart. */
  readonly url: string;
  /** The folder of the socket: `socketFolder` as asked for, or the one of the adopted server. */
  readonly socketFolder: string;
  readonly adopted: boolean;
  identity(): ProcessIdentity;
  /** Starts it again after it ended unexpectedly. */
  restart(): Promise<void>;
  /** Fast shutdown: open transactions are rolled back, everything committed is kept. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  readonly place: PostgresPlace;
  /** Called only when no running server can be adopted. */
  makeSocketFolder(): string;
  /** What an earlier run recorded, if it did. */
  readonly recorded: ProcessIdentity | null;
}

/**
 * Adopts the running server of this cluster or starts one, making the cluster first when there is none.
 * Throws `setup.postgres_failed`.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { place } = options;
  const binaries = await providePostgresBinaries(place.copies, place.user);
  const password = await initCluster(place, binaries);
  const found = livingPostmaster(place.cluster, options.recorded);
  const usedFolder = found === null ? null : answeringFolder(place.cluster);
  if (found && usedFolder === null) await endPostmaster(found);
  const socketFolder = usedFolder ?? options.makeSocketFolder();
  const start = () => startPostmaster({ place, binaries, socketFolder });
  let current = found && usedFolder !== null ? found : await start();
  return {
    url: clusterUrl(password, socketFolder),
    socketFolder,
    adopted: usedFolder !== null,
    identity: () => current,
    async restart() {
      if (!isRunning(current)) current = await start();
    },
    stop: () => endPostmaster(current),
  };
}

/** The folder of a running server's socket; `null` when it is not ready or its socket was swept away. */
function answeringFolder(cluster: string): string | null {
  const file = readPostmasterFile(cluster);
  if (file?.status !== 'ready') return null;
  return existsSync(join(file.socketFolder, '.s.PGSQL.5432')) ? file.socketFolder : null;
}

/** SIGINT is the fast shutdown, SIGQUIT the immediate one (it recovers at the next start). */
async function endPostmaster(identity: ProcessIdentity): Promise<void> {
  signalProcess(identity, 'SIGINT');
  if (await waitForEnd(identity, 30_000)) return;
  signalProcess(identity, 'SIGQUIT');
  if (await waitForEnd(identity, 10_000)) return;
  signalProcess(identity, 'SIGKILL');
  await waitForEnd(identity, 5_000);
}
