import { newId } from '../../kernel/ids.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { AuditRecord } from './audit-record.ts';

type AuditTables = {
  audit_records: {
    id: string;
    organization_id: string;
    project_id: string;
    actor_kind: string;
    actor_id: string;
    action: string;
    target_kind: string;
    target_id: string;
    request_id: string | null;
    detail: string;
  };
};

/** Writes the record of a state change in the transaction that makes the change. */
export async function recordAudit(transaction: DatabaseTransaction, record: AuditRecord): Promise<void> {
  await transaction
    .withTables<AuditTables>()
    .insertInto('audit_records')
    .values({
      id: newId(),
      organization_id: record.scope.organizationId,
      project_id: record.scope.projectId,
      actor_kind: record.actor.kind,
      actor_id: record.actor.id,
      action: record.action,
      target_kind: record.target.kind,
      target_id: record.target.id,
      request_id: record.requestId,
      detail: JSON.stringify(record.detail ?? {}),
    })
    .execute();
}
