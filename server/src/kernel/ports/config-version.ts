import type { DatabaseTransaction } from './database.ts';

/** The one row that every write read by the data path bumps, in its own transaction. */
export interface ConfigVersion {
  bump(transaction: DatabaseTransaction): Promise<void>;
}
