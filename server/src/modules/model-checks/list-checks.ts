import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import { selectChecks } from './check-store.ts';
import type { CheckKind, ModelCheck } from './model-check.ts';

/** The latest checks of a version, newest first. */
export async function listChecks(
  database: DatabaseOrTransaction,
  scope: Scope,
  versionId: string,
  { kind, limit }: { readonly kind: CheckKind; readonly limit: number },
): Promise<readonly ModelCheck[]> {
  return await selectChecks(database, scope, { versionIds: [versionId], kind, limit });
}
