import { SamovarError } from '../../../kernel/errors.ts';
import type { ServedModel } from '../../registry/index.ts';
import type { RemoteFlavour, RemoteTarget } from '../../serving/index.ts';
import type { InferenceRequest } from '../inference-request.ts';

/** Sampling extras of open engines, under the name that each of them has; what is missing it cannot honour. */
const extras: Readonly<Record<RemoteFlavour, Readonly<Record<string, string>>>> = {
  openai: {},
  tei: {},
  vllm: named('top_k', 'min_p', 'repetition_penalty', 'chat_template_kwargs'),
  sglang: named('top_k', 'min_p', 'repetition_penalty', 'chat_template_kwargs'),
  samovar: named('top_k', 'min_p', 'repetition_penalty', 'chat_template_kwargs', 'truncate'),
  'llama-server': {
    ...named('top_k', 'min_p', 'chat_template_kwargs'),
    repetition_penalty: 'repeat_penalty',
  },
};
const extraNames = new Set(Object.values(extras).flatMap(Object.keys));

/** Parameters that need a capability, and the way to see that one is asked for. */
const needs: readonly (readonly [
  string,
  RemoteTarget['capabilities'][number],
  (value: unknown) => boolean,
])[] = [
  ['tools', 'tools', (value) => Array.isArray(value) && value.length > 0],
  ['response_format', 'json-schema', (value) => isObject(value) && value.type !== 'text'],
  ['logprobs', 'logprobs', (value) => value !== false && value !== null],
];

/**
 * The body for a foreign engine: its own name of the model, nothing that only our workers know, counts asked for the
 * published way. Throws `engine.unsupported_parameter` for what the engine was found not to honour.
 */
export function remoteBody(request: InferenceRequest, model: ServedModel, target: RemoteTarget): string {
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(request.body)) {
    if (name === 'samovar' || value === undefined) continue;
    body[extraNames.has(name) ? extraName(name, target) : name] = value;
  }
  for (const [parameter, capability, asked] of needs)
    if (body[parameter] !== undefined && asked(body[parameter]) && !target.capabilities.includes(capability))
      throw unsupported(parameter, target);
  if (request.stream) body.stream_options = { include_usage: true };
  return JSON.stringify({ ...body, model: target.upstreamModel || model.name });
}

function extraName(name: string, target: RemoteTarget): string {
  const found = extras[target.flavour][name];
  if (found === undefined) throw unsupported(name, target);
  return found;
}

function unsupported(parameter: string, target: RemoteTarget): SamovarError {
  return new SamovarError('engine.unsupported_parameter', {
    params: { parameter, engine: target.engineName },
    field: parameter,
  });
}

function named(...names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
