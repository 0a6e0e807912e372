import type { Database } from '../../kernel/ports/database.ts';
import type { JobQueue } from '../../kernel/ports/job-queue.ts';
import type { Log } from '../../kernel/ports/log.ts';
import {
  createCheckInference,
  createModelCheckJob,
  tidyModelChecksJob,
} from '../../modules/model-checks/index.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import type { WorkerDataPath } from './open-data-path.ts';

export interface CheckParts {
  readonly database: Database;
  readonly queue: JobQueue;
  readonly dataPath: WorkerDataPath;
  readonly log: Log;
}

/** Begins to check and measure models that somebody asks it for; one at a time, so that none disturbs another. */
export async function workOnChecks({
  database,
  queue,
  dataPath,
  log,
}: CheckParts): Promise<() => Promise<void>> {
  const inference = createCheckInference(dataPath.dependencies());
  const configVersion = createConfigVersion();
  await queue.work(createModelCheckJob({ database, configVersion, start: inference.start, log }), 1);
  const tidy = tidyModelChecksJob(database);
  await queue.work(tidy, 1);
  await queue.schedule(tidy.name, '*/10 * * * *', {});
  return () => inference.close();
}
