import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { ImportRequest } from './import-request.ts';
import { getImport } from './import-request-store.ts';
import { hasImportEnded } from './import-state.ts';

/** Progress is written twice a second. */
const pauseMs = 400;

/**
 * The import as it is now, then after each change that is seen, until it has ended or the signal ends the following.
 * `first` was read by whoever follows.
 */
export async function* followImport(
  database: Database,
  scope: Scope,
  first: ImportRequest,
  signal: AbortSignal,
): AsyncGenerator<ImportRequest> {
  let request = first;
  yield request;
  while (!hasImportEnded(request.state) && !signal.aborted) {
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const now = await getImport(database, scope, request.id);
    if (now.revision === request.revision) continue;
    request = now;
    yield request;
  }
}
