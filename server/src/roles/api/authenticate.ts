import type { Clock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Principal } from '../../kernel/principal.ts';
import { hexHashOfKeySecret, type KeySnapshot } from '../../modules/iam/index.ts';

/** Longer texts are no keys: they are not even hashed. */
const longestKey = 256;

/**
 * Finds who calls by the key's hash in the policy snapshot; no database is asked. Throws `access.key_missing`,
 * `access.key_invalid`, or what `policy` throws when it is too old.
 */
export function createAuthenticate(
  policy: () => { readonly keys: KeySnapshot },
  clock: Clock,
): (key: string | null) => Principal {
  return (key) => {
    if (key === null) throw new SamovarError('access.key_missing');
    if (key.length > longestKey) throw new SamovarError('access.key_invalid');
    const record = policy().keys.get(hexHashOfKeySecret(key));
    if (!record || (record.expiresAt !== null && record.expiresAt <= clock.now()))
      throw new SamovarError('access.key_invalid');
    return {
      kind: 'api-key',
      keyId: record.keyId,
      organizationId: record.organizationId,
      projectId: record.projectId,
      permissions: record.permissions,
    };
  };
}
