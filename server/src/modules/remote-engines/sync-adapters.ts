import type { Database } from '../../kernel/ports/database.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { type AdapterRecord, deleteAdapter, setAdapterState } from './adapter-store.ts';
import { appendEngineEvent } from './engine-events.ts';
import type { EngineAnswer, EngineClient } from './probe/engine-client.ts';
import { objectOf, textOf } from './probe/read-json.ts';
import type { RemoteEngine } from './remote-engine.ts';

export interface AdapterSync {
  readonly database: Database;
  readonly client: EngineClient;
  readonly engine: RemoteEngine;
  readonly log: Log;
}

/**
 * Brings the adapters of a vLLM to what is wanted, by its own routes; `listed` are the models that it serves now. One
 * that it has lost (it was started again) is loaded again. Returns whether it serves other models now. Rejects when
 * the engine does not answer.
 */
export async function syncAdapters(
  sync: AdapterSync,
  adapters: readonly AdapterRecord[],
  listed: ReadonlySet<string>,
): Promise<boolean> {
  let changed = false;
  for (const adapter of adapters) {
    const there = listed.has(adapter.name);
    if (adapter.state === 'unwanted') changed = (await unload(sync, adapter, there)) || changed;
    else if (!there) changed = (await load(sync, adapter)) || changed;
    else if (adapter.state === 'wanted') await replace(sync, adapter);
    else if (adapter.state === 'failed') await settle(sync, adapter, null);
  }
  return changed;
}

/** Another adapter may stand under the name: what is wanted is loaded in its place. */
async function replace(sync: AdapterSync, adapter: AdapterRecord): Promise<void> {
  const unloaded = await sync.client.post('/v1/unload_lora_adapter', { lora_name: adapter.name });
  if (unloaded.status === 200 || unloaded.status === 404) await load(sync, adapter);
  else await settle(sync, adapter, refusalOf(unloaded));
}

async function load(sync: AdapterSync, adapter: AdapterRecord): Promise<boolean> {
  const answer = await sync.client.post('/v1/load_lora_adapter', {
    lora_name: adapter.name,
    lora_path: adapter.path,
  });
  await settle(sync, adapter, answer.status === 200 ? null : refusalOf(answer));
  return answer.status === 200;
}

async function unload(sync: AdapterSync, adapter: AdapterRecord, there: boolean): Promise<boolean> {
  const { database, client, engine } = sync;
  if (there) {
    const answer = await client.post('/v1/unload_lora_adapter', { lora_name: adapter.name });
    if (answer.status !== 200 && answer.status !== 404) {
      sync.log.warn(
        { engine: engine.name, adapter: adapter.name, reason: refusalOf(answer) },
        'An adapter could not be unloaded',
      );
      return false;
    }
  }
  await deleteAdapter(database, engine, engine.id, adapter.name);
  await tell(sync, `${adapter.name} is unloaded`);
  return there;
}

/** Writes how it went; tells it when that is news. */
async function settle(sync: AdapterSync, adapter: AdapterRecord, error: string | null): Promise<void> {
  const { database, engine } = sync;
  const to = error === null ? 'loaded' : 'failed';
  if (adapter.state === to && adapter.error === error) {
    if (error === null) await tell(sync, `${adapter.name} is loaded again`);
    return;
  }
  const change = { name: adapter.name, from: adapter.state, to, error } as const;
  if (await setAdapterState(database, engine, engine.id, change))
    await tell(
      sync,
      error === null ? `${adapter.name} is loaded` : `${adapter.name} could not be loaded: ${error}`,
    );
}

async function tell({ database, engine }: AdapterSync, detail: string): Promise<void> {
  await database
    .transaction()
    .execute((transaction) => appendEngineEvent(transaction, engine, 'adapter', detail));
}

function refusalOf({ status, json, text }: EngineAnswer): string {
  if (status === 404)
    return 'it has no such route or file: it must be started with VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 and --enable-lora, and find the path';
  const { error, message } = objectOf(json);
  const said = textOf(objectOf(error).message) ?? textOf(message) ?? text;
  return `${status}: ${said.slice(0, 300)}`;
}
