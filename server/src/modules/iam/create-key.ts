import { newId } from '../../kernel/ids.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { Principal } from '../../kernel/principal.ts';
import { type AuditContext, auditContextOf, recordAudit } from '../audit/index.ts';
import type { CreatedKey, NewKey } from './api-key.ts';
import { authorize } from './authorize.ts';
import type { IamDependencies } from './iam-dependencies.ts';
import { displayPrefix, hashKeySecret, newKeySecret } from './key-secret.ts';
import { insertKey } from './key-store.ts';

export interface CreateKeyRequest {
  readonly principal: Principal;
  readonly requestId: string;
  readonly key: NewKey;
  /** Called in the transaction that makes the key, for example to remember the answer of a repeatable request. */
  readonly inTransaction?: (transaction: DatabaseTransaction, created: CreatedKey) => Promise<void>;
}

/**
 * Makes a key in the caller's project. A caller gives only permissions that it holds itself (`access.forbidden`
 * names the first that it lacks).
 */
export async function createKey(iam: IamDependencies, request: CreateKeyRequest): Promise<CreatedKey> {
  authorize(request.principal, 'keys.manage');
  for (const permission of request.key.permissions) authorize(request.principal, permission);
  const context = auditContextOf(request.principal, request.requestId);
  return await iam.database.transaction().execute(async (transaction) => {
    await iam.configVersion.bump(transaction);
    const created = await writeKey(iam, transaction, context, request.key);
    await request.inTransaction?.(transaction, created);
    return created;
  });
}

/** Writes a key and its audit record. The caller has bumped the configuration version in the same transaction. */
export async function writeKey(
  iam: IamDependencies,
  transaction: DatabaseTransaction,
  context: AuditContext,
  wanted: NewKey,
): Promise<CreatedKey> {
  const secret = newKeySecret();
  const key = {
    ...wanted,
    permissions: [...new Set(wanted.permissions)],
    keyId: newId(),
    prefix: displayPrefix(secret),
    revokedAt: null,
    createdAt: new Date(iam.clock.now()),
    createdBy: context.actor.kind === 'api-key' ? context.actor.id : null,
  };
  await insertKey(transaction, context.scope, key, hashKeySecret(secret));
  await recordAudit(transaction, {
    ...context,
    action: 'key.create',
    target: { kind: 'api-key', id: key.keyId },
    detail: {
      name: key.name,
      prefix: key.prefix,
      permissions: key.permissions,
      limits: key.limits,
      expiresAt: key.expiresAt,
    },
  });
  return { key, secret };
}
