import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { ServingTables } from './serving-tables.ts';

/** What the facts depend on. */
export interface MeasuredSetup {
  /** Processor, cores, and what the engine computes on: `AMD EPYC 7B13, 2 cores, cpu`. */
  readonly hardware: string;
  readonly engine: string;
  /** As the worker was started: `contextTokens`, `parallelSequences`, `threads`, … */
  readonly options: Readonly<Record<string, string | number>>;
}

export interface Measurement extends MeasuredSetup {
  readonly versionId: string;
  /** Loads that were measured. */
  readonly loads: number;
  /** Of the last load, from the start of the process to the first answer, in milliseconds. */
  readonly loadMs: number | null;
  /** The most that a worker had resident. */
  readonly residentBytes: number | null;
  readonly measuredAt: Date;
}

/** Adds facts to those of the same version in the same setup. A load is counted; memory keeps the most that was seen. */
export async function recordMeasurement(
  database: DatabaseOrTransaction,
  version: Scope & { readonly versionId: string },
  setup: MeasuredSetup,
  facts: { readonly loadMs?: number; readonly residentBytes?: number },
): Promise<void> {
  const { loadMs, residentBytes } = facts;
  await database
    .withTables<ServingTables>()
    .insertInto('version_measurements')
    .values({
      organization_id: version.organizationId,
      project_id: version.projectId,
      version_id: version.versionId,
      hardware: setup.hardware,
      engine: setup.engine,
      options: JSON.stringify(setup.options),
      loads: loadMs === undefined ? 0 : 1,
      load_ms: loadMs ?? null,
      resident_bytes: residentBytes ?? null,
    })
    .onConflict((conflict) =>
      conflict.columns(['version_id', 'hardware', 'engine', 'options']).doUpdateSet({
        measured_at: sql<Date>`now()`,
        ...(loadMs === undefined
          ? {}
          : { load_ms: loadMs, loads: sql<number>`version_measurements.loads + 1` }),
        ...(residentBytes === undefined
          ? {}
          : {
              resident_bytes: sql<string>`greatest(version_measurements.resident_bytes, ${residentBytes}::bigint)`,
            }),
      }),
    )
    .execute();
}

/** Everything that was measured of these versions, or of every version of the installation. */
export async function selectMeasurements(
  database: DatabaseOrTransaction,
  versionIds?: readonly string[],
): Promise<readonly Measurement[]> {
  if (versionIds?.length === 0) return [];
  let query = database
    .withTables<ServingTables>()
    .selectFrom('version_measurements')
    .selectAll()
    .orderBy('measured_at', 'desc');
  if (versionIds !== undefined) query = query.where('version_id', 'in', [...versionIds]);
  const rows = await query.execute();
  return rows.map((row) => ({
    versionId: row.version_id,
    hardware: row.hardware,
    engine: row.engine,
    options: row.options,
    loads: row.loads,
    loadMs: row.load_ms,
    residentBytes: row.resident_bytes === null ? null : Number(row.resident_bytes),
    measuredAt: row.measured_at,
  }));
}
