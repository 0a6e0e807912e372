import type { ConfigVersion } from '../../../kernel/ports/config-version.ts';
import type { Database } from '../../../kernel/ports/database.ts';

export interface AliasDependencies {
  readonly database: Database;
  readonly configVersion: ConfigVersion;
  /** Throws where whoever asks may not change what the organization has; absent: they may. */
  readonly refuseShared?: () => void;
}
