import { allPermissions } from '@samovar/contract/permissions';
import type { Scope } from '../../kernel/principal.ts';
import { systemAuditContext } from '../audit/index.ts';
import { type CreatedKey, noLimits } from './api-key.ts';
import { writeKey } from './create-key.ts';
import type { IamDependencies } from './iam-dependencies.ts';

/**
 * Makes a key with every permission for whoever can reach the database itself, where no key that may manage others is
 * at hand any more. `keep` stores the secret before the key becomes valid. The audit names the recovery.
 */
export async function createRecoveredKey(
  iam: IamDependencies,
  scope: Scope,
  keep: (secret: string) => void,
): Promise<CreatedKey> {
  return await iam.database.transaction().execute(async (transaction) => {
    await iam.configVersion.bump(transaction);
    const created = await writeKey(iam, transaction, systemAuditContext(scope, 'key-recovery'), {
      name: 'recovered key',
      permissions: allPermissions,
      limits: noLimits,
      expiresAt: null,
    });
    keep(created.secret);
    return created;
  });
}
