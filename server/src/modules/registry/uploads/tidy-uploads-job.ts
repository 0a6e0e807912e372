import { sql } from 'kysely';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { JobDefinition } from '../../../kernel/ports/job-queue.ts';
import type { Log } from '../../../kernel/ports/log.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import type { ImportTables } from '../imports/import-tables.ts';
import type { RegistryTables } from '../registry-tables.ts';
import { forgetUpload } from './delete-upload.ts';

/** Uploads that are forgotten in one go. */
const portion = 100;

/** Of the keys that this module puts. */
const ownPrefixes = ['models/sha256/', 'uploads/'];
/** A put that has been idle for so long was cut off: connections are given up within minutes. */
const unfinishedHours = 24;

export interface TidyUploads {
  readonly database: Database;
  readonly objectStore: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Forgets the uploads whose time is over, of every project, with their parts. Those that an import is about to take, and
 * those that somebody goes on with at this moment, stay. What puts that were cut off have left goes, too.
 */
export function tidyUploadsJob({ database, objectStore, clock, log }: TidyUploads): JobDefinition<object> {
  return {
    name: 'registry.tidy-uploads',
    retryLimit: 2,
    retryDelaySeconds: 60,
    heartbeatSeconds: 30,
    async handle(_payload, { signal }) {
      const now = new Date(clock.now());
      const tables = database.withTables<RegistryTables & ImportTables>();
      const expired = await tables
        .selectFrom('uploads')
        .select(['id', 'project_id'])
        .where('expires_at', '<=', now)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('import_requests as i')
                .select('i.id')
                .whereRef('i.project_id', '=', 'uploads.project_id')
                .where('i.ended_at', 'is', null)
                .where('i.source', 'like', 'upload:%')
                .where(
                  sql<boolean>`position(replace(uploads.id::text, '-', '') in replace(lower(i.source), '-', '')) > 0`,
                ),
            ),
          ),
        )
        .orderBy('expires_at')
        .limit(portion)
        .execute();
      for (const upload of expired) {
        signal.throwIfAborted();
        // No part is added from here on; one that has come meanwhile has moved the end on.
        const { numUpdatedRows } = await tables
          .updateTable('uploads')
          .set({ state: 'refused' })
          .where('id', '=', upload.id)
          .where('project_id', '=', upload.project_id)
          .where('expires_at', '<=', now)
          .executeTakeFirst();
        if (numUpdatedRows > 0n)
          await forgetUpload(database, objectStore, { id: upload.id, projectId: upload.project_id });
      }
      const removed = await objectStore.removeUnfinished(ownPrefixes, unfinishedHours);
      if (removed > 0)
        log.info({ removed }, 'removed what puts that were cut off had left in the object store');
    },
  };
}
