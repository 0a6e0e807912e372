import { SamovarError } from '../../kernel/errors.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import { type AuditContext, recordAudit } from '../audit/index.ts';
import { selectAdapters, setAdapterState, upsertAdapter } from './adapter-store.ts';
import { notFound } from './change-engine.ts';
import { appendEngineEvent } from './engine-events.ts';
import { hastenProbe, lockEngine } from './engine-store.ts';
import type { RemoteEngineDependencies } from './remote-dependencies.ts';
import type { RemoteEngine } from './remote-engine.ts';

/**
 * Has an engine load a LoRA adapter, now and whenever it was started again; it is called like a model then. Throws
 * `remote.not_found`, and `remote.adapters_unsupported` for an engine that is no vLLM.
 */
export async function loadAdapter(
  deps: RemoteEngineDependencies,
  context: AuditContext,
  engineName: string,
  adapter: { readonly name: string; readonly path: string },
): Promise<void> {
  await withEngine(deps, context, engineName, async (transaction, engine) => {
    if (engine.flavour !== 'vllm')
      throw new SamovarError('remote.adapters_unsupported', { params: { engine: engineName } });
    await upsertAdapter(transaction, engine, adapter);
    await appendEngineEvent(
      transaction,
      engine,
      'adapter',
      `${adapter.name} shall be loaded from ${adapter.path}`,
    );
    await recordAudit(transaction, {
      ...context,
      action: 'engine.adapter-load',
      target: { kind: 'remote-engine', id: engine.id },
      detail: { engine: engineName, ...adapter },
    });
  });
}

/** Has an engine unload an adapter. Throws `remote.not_found`, and `request.not_found` when it has no such one. */
export async function unloadAdapter(
  deps: RemoteEngineDependencies,
  context: AuditContext,
  engineName: string,
  name: string,
): Promise<void> {
  await withEngine(deps, context, engineName, async (transaction, engine) => {
    const adapter = (await selectAdapters(transaction, engine, engine.id)).find((one) => one.name === name);
    if (!adapter) throw new SamovarError('request.not_found', { params: { kind: 'adapter', id: name } });
    const { state: from } = adapter;
    await setAdapterState(transaction, engine, engine.id, { name, from, to: 'unwanted', error: null });
    await appendEngineEvent(transaction, engine, 'adapter', `${name} shall be unloaded`);
    await recordAudit(transaction, {
      ...context,
      action: 'engine.adapter-unload',
      target: { kind: 'remote-engine', id: engine.id },
      detail: { engine: engineName, name },
    });
  });
}

async function withEngine(
  deps: RemoteEngineDependencies,
  { scope }: AuditContext,
  name: string,
  act: (transaction: DatabaseTransaction, engine: RemoteEngine) => Promise<void>,
): Promise<void> {
  await deps.database.transaction().execute(async (transaction) => {
    const engine = await lockEngine(transaction, scope, name);
    if (engine === null) throw notFound(name);
    await act(transaction, engine);
    await hastenProbe(transaction, scope, engine.id);
  });
}
