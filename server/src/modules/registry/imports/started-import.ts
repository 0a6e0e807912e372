import type { Database, DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { RunImportPayload } from './create-import.ts';
import type { ImportRequest, RequestProgress } from './import-request.ts';
import {
  type ImportFindings,
  importOf,
  importsInScope,
  lockImport,
  moveImport,
  takeImport,
  writeImport,
} from './import-request-store.ts';
import { hasImportEnded, type ImportEvent } from './import-state.ts';

/** Thrown by every write of an attempt that another has taken over, or that was cancelled. */
export class ImportTaken extends Error {}

/** Takes a request over from whoever worked on it; `null` when there is nothing to do for a machine. */
export async function takeOver(database: Database, payload: RunImportPayload): Promise<ImportRequest | null> {
  return await database.transaction().execute(async (transaction) => {
    const row = await importsInScope(transaction, payload)
      .where('id', '=', payload.importId)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return null;
    const request = importOf(row);
    if (hasImportEnded(request.state) || request.state === 'waiting-for-license') return null;
    return await takeImport(transaction, request);
  });
}

/** Moves a request that this attempt owns; `also` happens in the same transaction. Throws `ImportTaken`. */
export async function advance(
  database: Database,
  started: ImportRequest,
  event: ImportEvent,
  findings: ImportFindings,
  also?: (transaction: DatabaseTransaction, request: ImportRequest) => Promise<ImportFindings>,
): Promise<ImportRequest> {
  return await database.transaction().execute(async (transaction) => {
    const request = await lockOwned(transaction, started);
    const more = (await also?.(transaction, request)) ?? {};
    return await moveImport(transaction, request, event, { ...findings, ...more });
  });
}

/** Writes what is known meanwhile. Throws `ImportTaken`. */
export async function note(
  database: Database,
  started: ImportRequest,
  findings: ImportFindings,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const request = await lockOwned(transaction, started);
    await writeImport(transaction, request, request.state, findings);
  });
}

export async function noteProgress(
  database: Database,
  started: ImportRequest,
  progress: RequestProgress,
): Promise<void> {
  await note(database, started, { progress });
}

async function lockOwned(transaction: DatabaseTransaction, started: ImportRequest): Promise<ImportRequest> {
  const request = await lockImport(transaction, started, started.id);
  if (request.attempt !== started.attempt)
    throw new ImportTaken('another attempt has taken this import over, or it was cancelled');
  return request;
}
