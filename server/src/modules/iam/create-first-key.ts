import { allPermissions } from '@samovar/contract/permissions';
import type { Scope } from '../../kernel/principal.ts';
import { systemAuditContext } from '../audit/index.ts';
import { noLimits } from './api-key.ts';
import { writeKey } from './create-key.ts';
import type { IamDependencies } from './iam-dependencies.ts';
import { anyKeyExists } from './key-store.ts';

/**
 * Makes the key of the first run, with every permission, and returns its secret; `null` when the installation has
 * (or had) a key already. `keep` stores the secret before the key becomes valid, so that a crash in between leaves
 * a file to be overwritten by the next run, never a key that nobody knows. Several processes may call this at once.
 */
export async function createFirstKey(
  iam: IamDependencies,
  scope: Scope,
  keep: (secret: string) => Promise<void>,
): Promise<string | null> {
  if (await anyKeyExists(iam.database)) return null;
  return await iam.database.transaction().execute(async (transaction) => {
    await iam.configVersion.bump(transaction);
    if (await anyKeyExists(transaction)) return null;
    const created = await writeKey(iam, transaction, systemAuditContext(scope, 'first-run'), {
      name: 'first key',
      permissions: allPermissions,
      limits: noLimits,
      expiresAt: null,
    });
    await keep(created.secret);
    return created.secret;
  });
}
