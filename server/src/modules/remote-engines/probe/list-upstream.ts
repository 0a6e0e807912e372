import { SamovarError } from '../../../kernel/errors.ts';
import type { RemoteFlavour } from '../../serving/index.ts';
import type { EngineKind } from '../remote-engine.ts';
import type { EngineAnswer, EngineClient } from './engine-client.ts';
import { countOf, type JsonObject, listOf, objectOf, textOf } from './read-json.ts';

/** A model as the engine lists it. */
export interface UpstreamModel {
  readonly name: string;
  /** `null` where the engine does not tell. */
  readonly task: 'chat' | 'embedding' | null;
  readonly contextTokens: number | null;
  readonly parameters: number | null;
  /** Of an adapter: its base. */
  readonly parent: string | null;
  /** Changes when the engine serves something else under the name. */
  readonly identity: string;
}

export interface UpstreamList {
  readonly flavour: RemoteFlavour;
  readonly version: string | null;
  readonly models: readonly UpstreamModel[];
}

/** Names without control characters, and not longer than a mapping takes. */
const usableName = /^[^\p{Cc}]{1,256}$/u;

/** An engine that answers, but not with a list of models. */
export class UpstreamRefusal extends Error {}

/**
 * Asks an engine what it is and which models it serves. Rejects with `UpstreamRefusal` when it answers with something
 * else, and with the transport's error when it does not answer.
 */
export async function listUpstream(client: EngineClient, kind: EngineKind): Promise<UpstreamList> {
  return kind === 'tei' ? await listTei(client) : await listOpenai(client);
}

async function listOpenai(client: EngineClient): Promise<UpstreamList> {
  const answer = await client.get('/v1/models');
  requireGood(answer, '/v1/models');
  const body = objectOf(answer.json);
  if (!Array.isArray(body.data))
    throw new UpstreamRefusal('/v1/models does not answer with a list of models');
  const entries = body.data.map(objectOf).filter(({ id }) => typeof id === 'string' && usableName.test(id));
  const flavour = flavourOf(answer, entries);
  const about = await describe(client, flavour);
  return {
    flavour,
    version: about.version?.slice(0, 100) ?? null,
    models: entries.map((entry) => upstreamModelOf(entry, flavour, about.contextTokens)),
  };
}

function upstreamModelOf(
  entry: JsonObject,
  flavour: RemoteFlavour,
  contextTokens: number | null,
): UpstreamModel {
  const [meta, ours] = [objectOf(entry.meta), objectOf(entry.samovar)];
  const context =
    countOf(entry.max_model_len) ??
    countOf(ours.context_tokens) ??
    contextTokens ??
    countOf(meta.n_ctx_train);
  const name = textOf(entry.id) ?? '';
  const task = ours.task === 'chat' || ours.task === 'embedding' ? ours.task : null;
  const parent = textOf(entry.parent);
  const identity = JSON.stringify([flavour, name, textOf(entry.root), parent, context, meta]);
  return { name, task, contextTokens: context, parameters: countOf(meta.n_params), parent, identity };
}

function flavourOf(answer: EngineAnswer, entries: readonly JsonObject[]): RemoteFlavour {
  const [first] = entries;
  if (first && typeof first.samovar === 'object') return 'samovar';
  const owner = textOf(first?.owned_by);
  if (owner === 'vllm') return 'vllm';
  if (owner === 'sglang') return 'sglang';
  if (owner === 'llamacpp' || answer.headers.server === 'llama.cpp') return 'llama-server';
  return 'openai';
}

interface About {
  readonly version: string | null;
  readonly contextTokens: number | null;
}

/** What the engine's own routes tell beside the published ones. An engine without them tells nothing. */
async function describe(client: EngineClient, flavour: RemoteFlavour): Promise<About> {
  const nothing = { version: null, contextTokens: null };
  if (flavour === 'vllm') {
    const { version } = await optional(client, '/version');
    return { ...nothing, version: textOf(version) };
  }
  if (flavour === 'sglang') {
    const info = await optional(client, '/get_server_info');
    return { version: textOf(info.version), contextTokens: countOf(info.context_length) };
  }
  if (flavour !== 'llama-server') return nothing;
  const props = await optional(client, '/props');
  const settings = objectOf(props.default_generation_settings);
  return {
    version: textOf(props.build_info),
    contextTokens: countOf(settings.n_ctx) ?? countOf(props.n_ctx),
  };
}

async function optional(client: EngineClient, path: string): Promise<JsonObject> {
  const answer = await client.get(path);
  return answer.status === 200 ? objectOf(answer.json) : {};
}

async function listTei(client: EngineClient): Promise<UpstreamList> {
  const answer = await client.get('/info');
  requireGood(answer, '/info');
  const info = objectOf(answer.json);
  const name = textOf(info.model_id);
  if (name === null || !usableName.test(name)) throw new UpstreamRefusal('/info does not tell a model');
  const kinds = Object.keys(objectOf(info.model_type));
  if (kinds.length > 0 && !kinds.includes('embedding'))
    throw new UpstreamRefusal(`its model is for ${kinds.join(', ')}, not for embeddings`);
  const contextTokens = countOf(info.max_input_length);
  const identity = JSON.stringify([name, textOf(info.model_sha), listOf(kinds), contextTokens]);
  return {
    flavour: 'tei',
    version: textOf(info.version)?.slice(0, 100) ?? null,
    models: [{ name, task: 'embedding', contextTokens, parameters: null, parent: null, identity }],
  };
}

function requireGood({ status }: EngineAnswer, path: string): void {
  if (status === 200) return;
  if (status === 401 || status === 403)
    throw new UpstreamRefusal(`it refuses the key that it was sent (${path} answered ${status})`);
  throw new UpstreamRefusal(`${path} answered ${status}`);
}

/** One line for people. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return error instanceof SamovarError || code === '' || text.includes(code) ? text : `${text} (${code})`;
}
