import type { DatabaseTransaction } from './database.ts';

/** The parts of what the data path holds in memory, each loaded alone. */
export type ConfigSection = 'keys' | 'models' | 'aliases' | 'replicas';

/** The number of each section's last change. */
export type ConfigSections = Readonly<Record<ConfigSection, string>>;

/** The one row that every write read by the data path bumps, in its own transaction. */
export interface ConfigVersion {
  /**
   * Says that a section has changed; all of them when none is named. Returns the section's new number, after which
   * nobody else can bump until the transaction ends: numbers are committed in their order.
   */
  bump(transaction: DatabaseTransaction, section?: ConfigSection): Promise<string>;
}
