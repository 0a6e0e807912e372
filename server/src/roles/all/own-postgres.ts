import { rmSync } from 'node:fs';
import type { DataFolder, SupervisedProcess, SupervisorRecord } from '@samovar/contract/data-folder';
import { signalProcess } from '@samovar/contract/process-identity';
import type { Log } from '../../kernel/ports/log.ts';
import { startEmbeddedPostgres } from '../../platform/embedded-postgres/embedded-postgres.ts';
import { choosePostgresPlace, makeSocketFolder } from '../../platform/embedded-postgres/postgres-place.ts';
import { postgresUser } from '../../platform/embedded-postgres/postgres-user.ts';
import { watchPostgres } from './watch-postgres.ts';

/** The embedded PostgreSQL of a run, started again whenever it is gone. */
export interface OwnPostgres {
  readonly url: string;
  current(): SupervisedProcess;
  /** Immediate shutdown without waiting: the last word of a supervisor that ends itself. */
  kill(): void;
  stop(): Promise<void>;
}

/**
 * The embedded PostgreSQL of a data folder: the one of an earlier run when it still runs, else a new one.
 * Throws `setup.postgres_failed`.
 */
export async function startOwnPostgres(
  data: DataFolder,
  earlier: SupervisorRecord | null,
  log: Log,
  onRestart: () => void,
): Promise<OwnPostgres> {
  const user = postgresUser(data.logs);
  const server = await startEmbeddedPostgres({
    place: choosePostgresPlace(data, user),
    makeSocketFolder: () => makeSocketFolder(data, user),
    recorded: earlier?.children.find((child) => child.role === 'postgres') ?? null,
  });
  log.info({ adopted: server.adopted, postgresPid: server.identity().pid }, 'PostgreSQL answers');
  let startedAtMs = Date.now();
  let restarts = 0;
  const watch = watchPostgres(server, log, () => {
    restarts += 1;
    startedAtMs = Date.now();
    onRestart();
  });
  return {
    url: server.url,
    current: () => ({ ...server.identity(), role: 'postgres', startedAtMs, restarts }),
    kill: () => {
      signalProcess(server.identity(), 'SIGQUIT');
    },
    async stop() {
      await watch.stop();
      await server.stop();
      rmSync(server.socketFolder, { recursive: true, force: true });
    },
  };
}
