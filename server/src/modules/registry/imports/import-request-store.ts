import { type Selectable, sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import { withoutPrefix } from '../../../kernel/ids.ts';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { ImportRequest } from './import-request.ts';
import { hasImportEnded, type ImportEvent, type ImportState, nextImportState } from './import-state.ts';
import type { ImportTables } from './import-tables.ts';

/** The bare id of an import as surfaces spell it. Throws `request.not_found`. */
export function importIdOf(text: string): string {
  const id = withoutPrefix('imp', text);
  if (id === null) throw importNotFound(text);
  return id;
}

export function importNotFound(id: string): SamovarError {
  return new SamovarError('request.not_found', { params: { kind: 'import', id: id.slice(0, 256) } });
}

/** Throws `request.not_found`. */
export async function getImport(
  database: DatabaseOrTransaction,
  scope: Scope,
  id: string,
): Promise<ImportRequest> {
  const row = await importsInScope(database, scope).where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw importNotFound(id);
  return importOf(row);
}

/** The same, locked until the transaction ends. */
export async function lockImport(
  transaction: DatabaseTransaction,
  scope: Scope,
  id: string,
): Promise<ImportRequest> {
  const row = await importsInScope(transaction, scope).where('id', '=', id).forUpdate().executeTakeFirst();
  if (row === undefined) throw importNotFound(id);
  return importOf(row);
}

/** What a step has found out; each is kept as it is until the next attempt finds it out anew. */
export type ImportFindings = Partial<
  Pick<
    ImportRequest,
    'resolved' | 'terms' | 'acceptance' | 'fetched' | 'inspection' | 'progress' | 'failure' | 'versionId'
  >
>;

/** Moves a locked request; returns it as it is then. Throws when the event has no place in its state. */
export async function moveImport(
  transaction: DatabaseTransaction,
  request: ImportRequest,
  event: ImportEvent,
  findings: ImportFindings = {},
): Promise<ImportRequest> {
  const state = nextImportState(request.state, event);
  if (state === null) throw new Error(`an import that is ${request.state} cannot take ${event}`);
  return await writeImport(transaction, request, state, findings);
}

/** Writes findings without moving the request. */
export async function writeImport(
  transaction: DatabaseTransaction,
  request: ImportRequest,
  state: ImportState,
  findings: ImportFindings,
): Promise<ImportRequest> {
  const row = await transaction
    .withTables<ImportTables>()
    .updateTable('import_requests')
    .set({
      ...columnsOf(findings),
      state,
      revision: sql`revision + 1`,
      updated_at: sql`now()`,
      ended_at: hasImportEnded(state) ? sql<Date>`now()` : null,
      // A failed one may be tried again, for a day.
      ...(hasImportEnded(state) && state !== 'failed' && { sealed_source: null }),
    })
    .where('id', '=', request.id)
    .where('project_id', '=', request.projectId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return importOf(row);
}

/** Takes the request over: whoever had it writes nothing more. */
export async function takeImport(
  transaction: DatabaseTransaction,
  request: ImportRequest,
): Promise<ImportRequest> {
  const row = await transaction
    .withTables<ImportTables>()
    .updateTable('import_requests')
    .set({ attempt: sql`attempt + 1`, revision: sql`revision + 1`, updated_at: sql`now()` })
    .where('id', '=', request.id)
    .where('project_id', '=', request.projectId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return importOf(row);
}

function columnsOf(findings: ImportFindings) {
  const { versionId, ...documents } = findings;
  return {
    ...(versionId !== undefined && { version_id: versionId }),
    ...Object.fromEntries(
      Object.entries(documents).map(([name, value]) => [name, value === null ? null : JSON.stringify(value)]),
    ),
  };
}

export function importsInScope(database: DatabaseOrTransaction, scope: Scope) {
  return database
    .withTables<ImportTables>()
    .selectFrom('import_requests')
    .selectAll()
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId);
}

export function importOf(row: Selectable<ImportTables['import_requests']>): ImportRequest {
  return {
    id: row.id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    source: row.source,
    sealedSource: row.sealed_source,
    wanted: row.wanted,
    state: row.state,
    attempt: Number(row.attempt),
    revision: Number(row.revision),
    resolved: row.resolved,
    terms: row.terms,
    acceptance: row.acceptance,
    fetched: row.fetched,
    inspection: row.inspection,
    progress: row.progress,
    failure: row.failure,
    modelName: row.model_name,
    versionId: row.version_id,
    actor: row.actor,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    endedAt: row.ended_at,
  };
}
