import type { DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';

/** Those outside this module that use versions of models, and must be asked before one goes. */
export interface VersionUsers {
  /** What uses these versions, in words; nothing new does until the transaction ends. */
  usesOf(
    transaction: DatabaseTransaction,
    scope: Scope,
    versionIds: readonly string[],
  ): Promise<readonly string[]>;
  /** Forgets what was kept for versions that go. */
  forget(transaction: DatabaseTransaction, versionIds: readonly string[]): Promise<void>;
}
