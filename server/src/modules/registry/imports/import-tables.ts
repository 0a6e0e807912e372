import type { ColumnType, Generated } from 'kysely';
import type { ImportRequest } from './import-request.ts';
import type { ImportState } from './import-state.ts';

/** A document: read as it is, written as text. */
type Json<T> = ColumnType<T, string | null | undefined, string | null>;
type Counter = ColumnType<string, number | undefined, number>;

/** The table of this part of the module, as Kysely types it. */
export type ImportTables = {
  import_requests: {
    id: string;
    organization_id: string;
    project_id: string;
    source: string;
    sealed_source: ColumnType<Buffer | null, Buffer | null | undefined, Buffer | null>;
    wanted: Json<ImportRequest['wanted']>;
    state: ImportState;
    attempt: Counter;
    revision: Counter;
    resolved: Json<ImportRequest['resolved']>;
    terms: Json<ImportRequest['terms']>;
    acceptance: Json<ImportRequest['acceptance']>;
    fetched: Json<ImportRequest['fetched']>;
    inspection: Json<ImportRequest['inspection']>;
    progress: Json<ImportRequest['progress']>;
    failure: Json<ImportRequest['failure']>;
    model_name: string;
    version_id: string | null;
    actor: Json<ImportRequest['actor']>;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
    ended_at: Date | null;
  };
};
