import type { Clock } from '../../kernel/clock.ts';
import type { ConfigVersion } from '../../kernel/ports/config-version.ts';
import type { Database } from '../../kernel/ports/database.ts';

export interface IamDependencies {
  readonly database: Database;
  readonly configVersion: ConfigVersion;
  readonly clock: Clock;
}
