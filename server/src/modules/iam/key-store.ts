import type { Permission } from '@samovar/contract/permissions';
import { type Generated, sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { ApiKey } from './api-key.ts';
import type { KeyRecord, KeySnapshot } from './key-record.ts';

type KeyTables = {
  api_keys: {
    id: string;
    organization_id: string;
    project_id: string;
    name: string;
    prefix: string;
    secret_sha256: Buffer;
    permissions: Permission[];
    requests_per_minute: number | null;
    tokens_per_minute: number | null;
    parallel_requests: number | null;
    expires_at: Date | null;
    revoked_at: Generated<Date | null>;
    created_at: Date;
    created_by: string | null;
  };
};

type KeyRow = {
  [C in keyof KeyTables['api_keys']]: C extends 'revoked_at' ? Date | null : KeyTables['api_keys'][C];
};

export async function insertKey(
  database: DatabaseOrTransaction,
  scope: Scope,
  key: ApiKey,
  secretSha256: Buffer,
): Promise<void> {
  await database
    .withTables<KeyTables>()
    .insertInto('api_keys')
    .values({
      id: key.keyId,
      organization_id: scope.organizationId,
      project_id: scope.projectId,
      name: key.name,
      prefix: key.prefix,
      secret_sha256: secretSha256,
      permissions: [...key.permissions],
      requests_per_minute: key.limits.requestsPerMinute,
      tokens_per_minute: key.limits.tokensPerMinute,
      parallel_requests: key.limits.parallelRequests,
      expires_at: key.expiresAt,
      created_at: key.createdAt,
      created_by: key.createdBy,
    })
    .execute();
}

export async function findKey(
  database: DatabaseOrTransaction,
  scope: Scope,
  keyId: string,
): Promise<ApiKey | null> {
  const row = await keysOf(database, scope).where('id', '=', keyId).executeTakeFirst();
  return row ? apiKeyOf(row) : null;
}

export type KeyState = 'valid' | 'expired' | 'revoked';

/** What is absent does not matter. */
export interface KeyFilter {
  readonly state?: { readonly is: KeyState; readonly at: Date };
}

function stateAt(now: Date) {
  return sql<KeyState>`case when revoked_at is not null then 'revoked' when expires_at <= ${now} then 'expired' else 'valid' end`;
}

/** Newest first; `before` is the id of the last key of the page before. */
export async function selectKeys(
  database: DatabaseOrTransaction,
  scope: Scope,
  filter: KeyFilter,
  page: { readonly limit: number; readonly before: string | null },
): Promise<ApiKey[]> {
  let query = keysOf(database, scope).orderBy('id', 'desc').limit(page.limit);
  if (filter.state !== undefined)
    query = query.where(sql<boolean>`${filter.state.is} = ${stateAt(filter.state.at)}`);
  if (page.before !== null) query = query.where('id', '<', page.before);
  return (await query.execute()).map(apiKeyOf);
}

export async function markKeyRevoked(
  database: DatabaseOrTransaction,
  scope: Scope,
  keyId: string,
  at: Date,
): Promise<void> {
  await database
    .withTables<KeyTables>()
    .updateTable('api_keys')
    .set({ revoked_at: at })
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('id', '=', keyId)
    .execute();
}

/** Whether a valid key other than this one may manage keys in the project. */
export async function anotherManagerExists(
  database: DatabaseOrTransaction,
  scope: Scope,
  keyId: string,
  now: Date,
): Promise<boolean> {
  const row = await keysOf(database, scope)
    .where('id', '!=', keyId)
    .where('revoked_at', 'is', null)
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
    .where(sql<boolean>`'keys.manage' = any(permissions)`)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether the installation ever had a key, in any project. */
export async function anyKeyExists(database: DatabaseOrTransaction): Promise<boolean> {
  const row = await database
    .withTables<KeyTables>()
    .selectFrom('api_keys')
    .select('id')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Every valid key of the installation by the hash of its secret: what replicas keep in memory. */
export async function loadKeySnapshot(database: DatabaseOrTransaction): Promise<KeySnapshot> {
  const rows = await database
    .withTables<KeyTables>()
    .selectFrom('api_keys')
    .selectAll()
    .where('revoked_at', 'is', null)
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', sql<Date>`now()`)]))
    .execute();
  return new Map(rows.map((row) => [row.secret_sha256.toString('hex'), keyRecordOf(row)]));
}

function keysOf(database: DatabaseOrTransaction, scope: Scope) {
  return database
    .withTables<KeyTables>()
    .selectFrom('api_keys')
    .selectAll()
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId);
}

function limitsOf(row: KeyRow) {
  return {
    requestsPerMinute: row.requests_per_minute,
    tokensPerMinute: row.tokens_per_minute,
    parallelRequests: row.parallel_requests,
  };
}

function apiKeyOf(row: KeyRow): ApiKey {
  return {
    keyId: row.id,
    name: row.name,
    prefix: row.prefix,
    permissions: row.permissions,
    limits: limitsOf(row),
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}

function keyRecordOf(row: KeyRow): KeyRecord {
  return {
    keyId: row.id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    permissions: new Set(row.permissions),
    expiresAt: row.expires_at?.getTime() ?? null,
    limits: limitsOf(row),
  };
}
