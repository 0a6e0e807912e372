import { type Page, type PageRequest, pageOf } from '../../kernel/paging.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import { type AdapterRecord, selectAdapters } from './adapter-store.ts';
import { notFound } from './change-engine.ts';
import { type EngineEventRecord, selectEngineEvents } from './engine-events.ts';
import { type EngineFilter, findEngine, selectEngines } from './engine-store.ts';
import { type ModelOfEngine, selectModelsOf } from './model-rows.ts';
import type { RemoteEngine } from './remote-engine.ts';

export interface ListedEngine {
  readonly engine: RemoteEngine;
  readonly models: readonly ModelOfEngine[];
}

export interface ShownEngine extends ListedEngine {
  readonly adapters: readonly AdapterRecord[];
  /** Newest first. */
  readonly events: readonly EngineEventRecord[];
}

/** The connections of a project by name, which is their cursor. */
export async function listEngines(
  database: Database,
  scope: Scope,
  filter: EngineFilter,
  page: PageRequest,
): Promise<Page<ListedEngine>> {
  const found = await selectEngines(database, scope, {
    ...filter,
    limit: page.limit + 1,
    after: page.cursor,
  });
  const { items: engines, nextCursor } = pageOf(found, page, ({ name }) => name);
  const models = await selectModelsOf(
    database,
    scope,
    engines.map(({ id }) => id),
  );
  const items = engines.map((engine) => ({
    engine,
    models: models.filter(({ engineId }) => engineId === engine.id),
  }));
  return { items, nextCursor };
}

/** One connection with everything that is known of it. Throws `remote.not_found`. */
export async function showEngine(database: Database, scope: Scope, name: string): Promise<ShownEngine> {
  const engine = await findEngine(database, scope, name);
  if (engine === null) throw notFound(name);
  const [models, adapters, events] = await Promise.all([
    selectModelsOf(database, scope, [engine.id]),
    selectAdapters(database, scope, engine.id),
    selectEngineEvents(database, scope, engine.id),
  ]);
  return { engine, models, adapters, events };
}
