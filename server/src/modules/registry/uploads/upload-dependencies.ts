import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';

export interface UploadDependencies {
  readonly database: Database;
  readonly clock: Clock;
  /** How long an upload is kept after its last part. */
  readonly uploadHours: number;
  /** A larger file is refused. */
  readonly uploadLimitBytes: number;
  /** Opened with the first upload: an api process that takes no files does without it. */
  objectStore(): Promise<ObjectStore>;
}
