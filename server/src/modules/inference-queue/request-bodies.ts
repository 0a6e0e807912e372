import { sql } from 'kysely';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { ClaimedRequest } from './claimed-request.ts';

export type StoredRequest = Omit<ClaimedRequest, 'attempt' | 'failures' | 'versionId' | 'expiresAt'>;

/** What was asked, by id. */
export async function selectRequests(
  transaction: DatabaseTransaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, StoredRequest>> {
  const { rows } = await sql<StoredRequest>`
    select id, organization_id as "organizationId", project_id as "projectId", key_id as "keyId",
      request_id as "requestId", endpoint, worker_path as "workerPath", task, model, body
    from ${sql.table('inference_requests')} where id = any (${[...ids]}::uuid[])`.execute(transaction);
  return new Map(rows.map((row) => [row.id, row]));
}
