import { modelCheckJobKind } from '../../modules/model-checks/index.ts';
import { collectObjectsJobKind, importModelJobKind, runImportJobKind } from '../../modules/registry/index.ts';
import { watchCanariesKind } from '../../modules/rollout/index.ts';
import { grantUse } from '../../platform/postgres/grant-use.ts';
import { migrate } from '../../platform/postgres/migrate.ts';
import { prepareJobQueue } from '../../platform/queue/prepare-job-queue.ts';
import { type QueueAddress, queueSchema } from '../../platform/queue/queue-options.ts';

/**
 * Brings our tables and the job queue's to this release with the role that may change the schema, and lets the role
 * of `runningUrl` use them. Safe to run again, and by several machines at once.
 */
export async function prepareTables(migration: QueueAddress, runningUrl: string): Promise<void> {
  await migrate(migration);
  const kinds = [
    importModelJobKind,
    runImportJobKind,
    collectObjectsJobKind,
    watchCanariesKind,
    modelCheckJobKind,
  ];
  await prepareJobQueue({ ...migration, kinds });
  const schemas = [migration.schema, queueSchema(migration.schema)];
  await grantUse({ url: migration.url, caFile: migration.caFile, runningUrl, schemas });
}
