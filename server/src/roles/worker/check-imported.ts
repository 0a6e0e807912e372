import type { Database } from '../../kernel/ports/database.ts';
import type { JobDefinition, JobSender } from '../../kernel/ports/job-queue.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Scope } from '../../kernel/principal.ts';
import { systemAuditContext } from '../../modules/audit/index.ts';
import { requestCheck } from '../../modules/model-checks/index.ts';
import { getImport } from '../../modules/registry/index.ts';

export interface CheckImportedParts {
  readonly database: Database;
  readonly queue: JobSender;
  readonly log: Log;
}

/** The same job; a model that it has imported is checked next. The import stands whether that can be asked for or not. */
export function thenCheckImported<Payload extends Scope & { readonly importId: string }>(
  job: JobDefinition<Payload>,
  { database, queue, log }: CheckImportedParts,
): JobDefinition<Payload> {
  return {
    ...job,
    async handle(payload, context) {
      await job.handle(payload, context);
      const { id, state, versionId, modelName } = await getImport(database, payload, payload.importId);
      if (state !== 'ready' || versionId === null) return;
      try {
        const audit = systemAuditContext(payload, 'import');
        await requestCheck(
          { database, jobs: queue },
          audit,
          { versionId, modelName },
          { kind: 'conformance' },
        );
      } catch (error) {
        log.warn(
          { error, import: id, model: modelName },
          'the check of an imported model could not be asked for',
        );
      }
    },
  };
}
