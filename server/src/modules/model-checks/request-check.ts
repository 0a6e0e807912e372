import { newId } from '../../kernel/ids.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { JobKind, JobSender } from '../../kernel/ports/job-queue.ts';
import { type AuditContext, recordAudit } from '../audit/index.ts';
import { insertCheck, selectChecks } from './check-store.ts';
import { type CheckKind, checkedWish, type ModelCheck, type SpeedWish } from './model-check.ts';

export const modelCheckJobKind: JobKind = {
  name: 'model-check',
  retryLimit: 3,
  retryDelaySeconds: 5,
  heartbeatSeconds: 30,
};

export interface ModelCheckPayload {
  readonly checkId: string;
}

export interface CheckRequests {
  readonly database: Database;
  readonly jobs: JobSender;
}

export interface CheckedVersion {
  readonly versionId: string;
  readonly modelName: string;
}

export type WantedCheck =
  | { readonly kind: 'conformance' }
  | { readonly kind: 'speed'; readonly wish: SpeedWish };

/**
 * Has a version checked, or measured, by a worker process. One that is open already is returned as it is. Throws
 * `request.invalid` for a measurement that cannot be meant.
 */
export async function requestCheck(
  { database, jobs }: CheckRequests,
  context: AuditContext,
  { versionId, modelName }: CheckedVersion,
  wanted: WantedCheck,
): Promise<ModelCheck> {
  const { scope, actor } = context;
  const wish = wanted.kind === 'speed' ? checkedWish(wanted.wish) : null;
  const id = newId();
  return await database.transaction().execute(async (transaction) => {
    const check = { ...scope, id, versionId, modelName, kind: wanted.kind, wanted: wish, actor };
    if (await insertCheck(transaction, check)) {
      await jobs.send(transaction, modelCheckJobKind.name, { checkId: id } satisfies ModelCheckPayload);
      await recordAudit(transaction, {
        ...context,
        action: auditActions[wanted.kind],
        target: { kind: 'model-version', id: versionId },
        detail: { model: modelName, ...(wish && { parallel: wish.parallel }) },
      });
    }
    const [latest] = await selectChecks(transaction, scope, {
      versionIds: [versionId],
      kind: wanted.kind,
      limit: 1,
    });
    if (latest === undefined) throw new Error('a check that was just written is not there');
    return latest;
  });
}

const auditActions: Readonly<Record<CheckKind, string>> = {
  conformance: 'model.check',
  speed: 'model.measure',
};
