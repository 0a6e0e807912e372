import type { JobSender } from '../../kernel/ports/job-queue.ts';
import type { AuditContext } from '../audit/index.ts';
import {
  type AliasDependencies,
  type CurrentAlias,
  startCanary,
  type WantedCanary,
} from '../registry/index.ts';
import { canariesKey, watchCanariesKind } from './watch-canaries-job.ts';

/** Begins a canary, and sees to it that it is followed. Throws what `startCanary` throws. */
export async function beginCanary(
  deps: AliasDependencies & { readonly jobs: JobSender },
  context: AuditContext,
  name: string,
  wanted: WantedCanary,
): Promise<CurrentAlias> {
  return await startCanary(deps, context, name, wanted, async (transaction) => {
    await deps.jobs.send(transaction, watchCanariesKind.name, {}, { singletonKey: canariesKey });
  });
}
