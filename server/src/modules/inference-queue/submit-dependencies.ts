import type { Clock } from '../../kernel/clock.ts';
import type { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { InferencePolicy } from '../inference/index.ts';
import type { KeyLimiter } from '../usage/index.ts';

export interface SubmitDependencies {
  readonly database: Database;
  /** The snapshot of now. Throws `system.policy_stale` when it is too old to decide by. */
  policy(): Pick<InferencePolicy, 'models' | 'limits'>;
  readonly limiter: KeyLimiter;
  readonly clock: Clock;
  /** What the database threw, as one of our codes: `system.database_away` when it cannot be reached. */
  mapError(thrown: unknown): SamovarError;
  readonly settings: {
    /** `SAMOVAR_OPERATION_HOURS` */
    readonly operationHours: number;
    /** `SAMOVAR_QUEUE_LIMIT` */
    readonly queueLimit: number;
  };
}
