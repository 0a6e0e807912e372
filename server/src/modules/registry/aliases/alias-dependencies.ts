import type { ConfigVersion } from '../../../kernel/ports/config-version.ts';
import type { Database } from '../../../kernel/ports/database.ts';

export interface AliasDependencies {
  readonly database: Database;
  readonly configVersion: ConfigVersion;
}
