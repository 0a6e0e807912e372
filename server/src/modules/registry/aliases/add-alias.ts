import type { ConfigVersion } from '../../../kernel/ports/config-version.ts';
import type { DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { AuditContext } from '../../audit/index.ts';
import type { AliasTarget } from './alias-state.ts';
import { findAlias, lockAlias } from './alias-store.ts';
import { writeMove } from './write-move.ts';

/** Points an alias at a model unless there is one of this name; says whether it did. */
export async function addAlias(
  transaction: DatabaseTransaction,
  configVersion: ConfigVersion,
  context: AuditContext,
  { name, target }: { readonly name: string; readonly target: AliasTarget },
): Promise<boolean> {
  await lockAlias(transaction, context.scope, name);
  if ((await findAlias(transaction, context.scope, name)) !== null) return false;
  await writeMove(transaction, configVersion, context, {
    name,
    action: 'set',
    before: null,
    after: {
      targets: [{ ...target, weight: 100 }],
      fallbacks: [],
      scope: 'project',
      description: '',
      deprecation: null,
    },
    reason: 'the usual name of a default model',
  });
  return true;
}
