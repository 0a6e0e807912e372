import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';

type IdempotencyTables = {
  idempotency_records: {
    organization_id: string;
    project_id: string;
    idempotency_key: string;
    route_id: string;
    request_sha256: Buffer;
    lease_token: string;
    lease_expires_at: Date;
    sealed_answer: Buffer | null;
    expires_at: Date;
  };
};

export interface IdempotencyRecord {
  readonly routeId: string;
  readonly requestSha256: Buffer;
  readonly leaseToken: string;
  readonly leaseExpiresAt: Date;
  readonly sealedAnswer: Buffer | null;
  readonly expiresAt: Date;
}

/** Whose key it is, and what it is. */
export interface KeyPlace {
  readonly scope: Scope;
  readonly key: string;
}

export type Lease = Omit<IdempotencyRecord, 'sealedAnswer'>;

/** Returns false when the key is there already. */
export async function insertLease(
  database: DatabaseOrTransaction,
  place: KeyPlace,
  lease: Lease,
): Promise<boolean> {
  const result = await database
    .withTables<IdempotencyTables>()
    .insertInto('idempotency_records')
    .values({
      organization_id: place.scope.organizationId,
      project_id: place.scope.projectId,
      idempotency_key: place.key,
      sealed_answer: null,
      ...rowOf(lease),
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

export async function findRecord(
  database: DatabaseOrTransaction,
  place: KeyPlace,
): Promise<IdempotencyRecord | null> {
  const row = await database
    .withTables<IdempotencyTables>()
    .selectFrom('idempotency_records')
    .selectAll()
    .where('organization_id', '=', place.scope.organizationId)
    .where('project_id', '=', place.scope.projectId)
    .where('idempotency_key', '=', place.key)
    .executeTakeFirst();
  if (!row) return null;
  return {
    routeId: row.route_id,
    requestSha256: row.request_sha256,
    leaseToken: row.lease_token,
    leaseExpiresAt: row.lease_expires_at,
    sealedAnswer: row.sealed_answer,
    expiresAt: row.expires_at,
  };
}

/** Replaces the record that still has this token by a new lease. Returns false when another was faster. */
export async function takeOver(
  database: DatabaseOrTransaction,
  place: KeyPlace,
  formerToken: string,
  lease: Lease,
): Promise<boolean> {
  const result = await database
    .withTables<IdempotencyTables>()
    .updateTable('idempotency_records')
    .set({ ...rowOf(lease), sealed_answer: null })
    .where('organization_id', '=', place.scope.organizationId)
    .where('project_id', '=', place.scope.projectId)
    .where('idempotency_key', '=', place.key)
    .where('lease_token', '=', formerToken)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Returns false when the lease was lost. */
export async function storeAnswer(
  database: DatabaseOrTransaction,
  place: KeyPlace,
  token: string,
  sealedAnswer: Buffer,
): Promise<boolean> {
  const result = await database
    .withTables<IdempotencyTables>()
    .updateTable('idempotency_records')
    .set({ sealed_answer: sealedAnswer })
    .where('organization_id', '=', place.scope.organizationId)
    .where('project_id', '=', place.scope.projectId)
    .where('idempotency_key', '=', place.key)
    .where('lease_token', '=', token)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Forgets a request that came to nothing, so that it can be tried again. */
export async function deleteLease(
  database: DatabaseOrTransaction,
  place: KeyPlace,
  token: string,
): Promise<void> {
  await database
    .withTables<IdempotencyTables>()
    .deleteFrom('idempotency_records')
    .where('organization_id', '=', place.scope.organizationId)
    .where('project_id', '=', place.scope.projectId)
    .where('idempotency_key', '=', place.key)
    .where('lease_token', '=', token)
    .where('sealed_answer', 'is', null)
    .execute();
}

export async function deleteExpired(database: DatabaseOrTransaction, now: Date): Promise<number> {
  const result = await database
    .withTables<IdempotencyTables>()
    .deleteFrom('idempotency_records')
    .where('expires_at', '<', now)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

function rowOf(lease: Lease) {
  return {
    route_id: lease.routeId,
    request_sha256: lease.requestSha256,
    lease_token: lease.leaseToken,
    lease_expires_at: lease.leaseExpiresAt,
    expires_at: lease.expiresAt,
  };
}
