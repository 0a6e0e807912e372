import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { JobDefinition } from '../../../kernel/ports/job-queue.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import type { RegistryTables } from '../registry-tables.ts';
import { forgetUpload } from './delete-upload.ts';

/** Uploads that are forgotten in one go. */
const portion = 100;

export interface TidyUploads {
  readonly database: Database;
  readonly objectStore: ObjectStore;
  readonly clock: Clock;
}

/** Forgets the uploads whose time is over, of every project, with their parts. */
export function tidyUploadsJob({ database, objectStore, clock }: TidyUploads): JobDefinition<object> {
  return {
    name: 'registry.tidy-uploads',
    retryLimit: 2,
    retryDelaySeconds: 60,
    heartbeatSeconds: 30,
    async handle(_payload, { signal }) {
      const expired = await database
        .withTables<RegistryTables>()
        .selectFrom('uploads')
        .select(['id', 'project_id'])
        .where('expires_at', '<=', new Date(clock.now()))
        .orderBy('expires_at')
        .limit(portion)
        .execute();
      for (const upload of expired) {
        signal.throwIfAborted();
        await forgetUpload(database, objectStore, { id: upload.id, projectId: upload.project_id });
      }
    },
  };
}
