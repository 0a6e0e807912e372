import type { DataFolder, SupervisorRecord } from '@samovar/contract/data-folder';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../platform/embedded-postgres/embedded-postgres.ts';
import { choosePostgresPlace, makeSocketFolder } from '../../platform/embedded-postgres/postgres-place.ts';
import { postgresUser } from '../../platform/embedded-postgres/postgres-user.ts';

/** The embedded PostgreSQL of a data folder: the one of an earlier run when it still runs, else a new one. */
export async function startOwnPostgres(
  data: DataFolder,
  earlier: SupervisorRecord | null,
): Promise<EmbeddedPostgres> {
  const user = postgresUser(data.logs);
  return startEmbeddedPostgres({
    place: choosePostgresPlace(data, user),
    makeSocketFolder: () => makeSocketFolder(data, user),
    recorded: earlier?.children.find((child) => child.role === 'postgres') ?? null,
  });
}
