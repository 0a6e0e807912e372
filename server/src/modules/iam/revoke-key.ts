import { SamovarError } from '../../kernel/errors.ts';
import { withPrefix } from '../../kernel/ids.ts';
import type { Principal } from '../../kernel/principal.ts';
import { auditContextOf, recordAudit } from '../audit/index.ts';
import type { ApiKey } from './api-key.ts';
import { authorize } from './authorize.ts';
import type { IamDependencies } from './iam-dependencies.ts';
import { anotherManagerExists, findKey, markKeyRevoked } from './key-store.ts';

export interface RevokeKeyRequest {
  readonly principal: Principal;
  readonly requestId: string;
  readonly keyId: string;
  /** Revoke even the last key that may manage keys. */
  readonly force: boolean;
}

/**
 * Revokes a key of the caller's project; revoking it again changes nothing. Throws `request.not_found`, and
 * `access.last_manager` for the last valid key with `keys.manage` unless forced.
 */
export async function revokeKey(iam: IamDependencies, request: RevokeKeyRequest): Promise<ApiKey> {
  const { principal, keyId } = request;
  authorize(principal, 'keys.manage');
  return await iam.database.transaction().execute(async (transaction) => {
    // First, because its row lock lets one revocation of the last two managers see the other.
    await iam.configVersion.bump(transaction);
    const key = await findKey(transaction, principal, keyId);
    const id = withPrefix('key', keyId);
    if (!key) throw new SamovarError('request.not_found', { params: { kind: 'API key', id } });
    if (key.revokedAt) return key;
    const revokedAt = new Date(iam.clock.now());
    const isManager = key.permissions.includes('keys.manage');
    if (
      isManager &&
      !request.force &&
      !(await anotherManagerExists(transaction, principal, keyId, revokedAt))
    )
      throw new SamovarError('access.last_manager', { params: { key: id } });
    await markKeyRevoked(transaction, principal, keyId, revokedAt);
    await recordAudit(transaction, {
      ...auditContextOf(principal, request.requestId),
      action: 'key.revoke',
      target: { kind: 'api-key', id: keyId },
      detail: { name: key.name, prefix: key.prefix, forced: request.force },
    });
    return { ...key, revokedAt };
  });
}
