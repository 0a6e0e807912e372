import { SamovarError } from '../../../kernel/errors.ts';
import { withPrefix } from '../../../kernel/ids.ts';
import { plainLicense } from '../../../kernel/license-names.ts';
import { type AuditContext, recordAudit } from '../../audit/index.ts';
import { type ImportAccess, queueRun } from './create-import.ts';
import type { ImportRequest } from './import-request.ts';
import { lockImport, moveImport, takeImport } from './import-request-store.ts';
import { type ImportEvent, nextImportState } from './import-state.ts';

/**
 * Accepts the terms of an import that waits for that: who, when and which are recorded, and it goes on. `shown` is the
 * licence that whoever accepts was shown; those of any when absent. Throws `import.wrong_state`,
 * `import.terms_changed`, `request.not_found`.
 */
export async function acceptLicense(
  access: ImportAccess,
  context: AuditContext,
  id: string,
  shown?: string,
): Promise<ImportRequest> {
  return await change(access, context, id, {
    check: ({ terms }) => refuseOtherTerms(id, terms?.id ?? null, shown),
    event: ({ fetched }) => (fetched === null ? 'license-accepted' : 'found-license-accepted'),
    doing: 'accepted',
    action: 'import.accept-license',
    findings: ({ terms }) => ({
      acceptance: { by: context.actor, at: new Date().toISOString(), terms },
    }),
  });
}

/** Ends an import at once; what runs of it notices within a second. Throws `import.wrong_state`, `request.not_found`. */
export async function cancelImport(
  access: ImportAccess,
  context: AuditContext,
  id: string,
): Promise<ImportRequest> {
  return await change(access, context, id, {
    event: () => 'cancelled',
    doing: 'cancelled',
    action: 'import.cancel',
    findings: () => ({}),
  });
}

/** Tries an import again that has failed; it goes on where it stopped. Throws `import.wrong_state`, `request.not_found`. */
export async function retryImport(
  access: ImportAccess,
  context: AuditContext,
  id: string,
): Promise<ImportRequest> {
  return await change(access, context, id, {
    event: () => 'retried',
    doing: 'tried again',
    action: 'import.retry',
    findings: () => ({ failure: null }),
  });
}

function refuseOtherTerms(id: string, license: string | null, shown: string | undefined): void {
  if (shown === undefined || license === null || plainLicense(shown) === plainLicense(license)) return;
  throw new SamovarError('import.terms_changed', {
    params: { id: withPrefix('imp', id), license, accepted: shown },
    field: 'license',
  });
}

interface Change {
  /** Throws where it cannot be meant; asked where the state allows the change. */
  check?(request: ImportRequest): void;
  event(request: ImportRequest): ImportEvent;
  /** What is asked for, as the refusal says it. */
  readonly doing: string;
  readonly action: string;
  findings(request: ImportRequest): Parameters<typeof moveImport>[3];
}

async function change(
  { database, jobs }: ImportAccess,
  context: AuditContext,
  id: string,
  wanted: Change,
): Promise<ImportRequest> {
  return await database.transaction().execute(async (transaction) => {
    const request = await lockImport(transaction, context.scope, id);
    const event = wanted.event(request);
    if (nextImportState(request.state, event) === null)
      throw new SamovarError('import.wrong_state', {
        params: { id: withPrefix('imp', id), state: request.state, action: wanted.doing },
      });
    wanted.check?.(request);
    const taken = await takeImport(transaction, request);
    const moved = await moveImport(transaction, taken, event, wanted.findings(request));
    await recordAudit(transaction, {
      ...context,
      action: wanted.action,
      target: { kind: 'import', id },
      detail: { source: request.source, ...(request.terms && { terms: request.terms }) },
    });
    // Also for one that was cancelled: what it has left is tidied up.
    await queueRun(jobs, transaction, moved);
    return moved;
  });
}
