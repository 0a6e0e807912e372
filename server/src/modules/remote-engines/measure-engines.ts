import { sql } from 'kysely';
import type { Database } from '../../kernel/ports/database.ts';
import type { EngineState } from './engine-state.ts';
import type { AdapterState, RemoteTables } from './remote-tables.ts';

/** What probes have found out of one engine. */
export interface MeasuredEngine {
  readonly engineId: string;
  readonly engine: string;
  readonly state: EngineState;
  readonly missedProbes: number;
  readonly probedAt: Date | null;
  /** Adapters by state; none of a state that is missing. */
  readonly adapters: Readonly<Partial<Record<AdapterState, number>>>;
}

/** Every connected engine of the installation, in one query. */
export async function measureEngines(database: Database): Promise<readonly MeasuredEngine[]> {
  const rows = await database
    .withTables<RemoteTables>()
    .selectFrom('remote_engines as engine')
    .select((query) => [
      'engine.id as engineId',
      'engine.name as engine',
      'engine.state',
      'engine.missed_probes as missedProbes',
      'engine.probed_at as probedAt',
      query
        .selectFrom('remote_adapters as adapter')
        .whereRef('adapter.engine_id', '=', 'engine.id')
        .select(sql<AdapterState[]>`coalesce(array_agg(adapter.state), '{}')`.as('states'))
        .as('adapterStates'),
    ])
    .orderBy('engine.name')
    .execute();
  return rows.map(({ adapterStates, ...row }) => ({ ...row, adapters: countEach(adapterStates ?? []) }));
}

function countEach(states: readonly AdapterState[]): Partial<Record<AdapterState, number>> {
  const counts: Partial<Record<AdapterState, number>> = {};
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
