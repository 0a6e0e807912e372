import { type GgufMetadata, type GgufValue, numberOf } from '../gguf/gguf-value.ts';
import { float32, list, number } from '../gguf/make-value.ts';
import { type JsonRecord, numberMember, recordMember, textsMember } from '../json-value.ts';
import { refusal } from '../refuse-files.ts';
import type { Architecture, ConfigNumber } from './architectures/architecture.ts';

type Entries = [string, GgufValue][];

/** The part of a `config.json` that describes the language model: models that see too have it inside. */
export function languageConfig(config: JsonRecord): JsonRecord {
  const inner = recordMember(config, 'text_config');
  return inner === null ? config : { ...config, ...inner, architectures: config.architectures };
}

/** How many heads ask, and how many are asked. */
export function headsOf(config: JsonRecord, architecture: Architecture): { heads: number; kvHeads: number } {
  const usual = architecture.numbers.find((each) => each.config === 'num_attention_heads')?.otherwise ?? null;
  const heads = numberMember(config, 'num_attention_heads') ?? usual ?? 0;
  const kvHeads = numberMember(config, 'num_key_value_heads') ?? architecture.usualKvHeads ?? heads;
  return { heads, kvHeads };
}

export function headDimensionsOf(config: JsonRecord, architecture: Architecture): number {
  const { heads } = headsOf(config, architecture);
  const divided = (numberMember(config, 'hidden_size') ?? 0) / heads;
  return numberMember(config, 'head_dim') ?? architecture.usualHeadDimensions ?? divided;
}

/** Metadata that the tables of the architecture give; keys without its name. Throws `model.refused`. */
export function numbersMetadata(config: JsonRecord, architecture: Architecture): Entries {
  refuseUnlike(config, architecture);
  const entries: Entries = architecture.numbers.flatMap((each) => numberEntry(config, each));
  if (architecture.kind === 'encoder') return entries;
  const { kvHeads } = headsOf(config, architecture);
  entries.push(['attention.head_count_kv', number(kvHeads)]);
  const dimensions = numberMember(config, 'head_dim') ?? architecture.usualHeadDimensions ?? null;
  if (dimensions !== null)
    entries.push(
      ['attention.key_length', number(dimensions)],
      ['attention.value_length', number(dimensions)],
    );
  return [...entries, ...slidingEntries(config, architecture)];
}

function numberEntry(
  config: JsonRecord,
  { config: name, alias, key, type, otherwise }: ConfigNumber,
): Entries {
  const value = numberMember(config, name) ?? numberMember(config, alias ?? name) ?? otherwise;
  if (value === null) return [];
  if (value === undefined) throw refusal(`config.json does not say ${name}`);
  if (type === 'float') return [[key, float32(value)]];
  const least = otherwise === 0 ? 0 : 1;
  if (!Number.isInteger(value) || value < least || value > 2 ** 31)
    throw refusal(`config.json says ${name} ${value}, which cannot be`);
  return [[key, number(value)]];
}

function refuseUnlike(config: JsonRecord, architecture: Architecture): void {
  for (const [name, allowed] of Object.entries(architecture.fixed)) {
    const stated: unknown = config[name];
    if (allowed.some((each) => each === stated)) continue;
    const [usual] = allowed;
    throw refusal(
      stated === undefined
        ? `config.json does not say ${name}, which the engine takes to be ${usual}`
        : `its ${name} ${shown(stated)} cannot be carried over: the engine takes it to be ${usual} in the architecture ${architecture.name}`,
    );
  }
  const reason = architecture.obstacle?.(config) ?? null;
  if (reason !== null) throw refusal(reason);
}

function shown(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 80);
}

const slides = 'sliding_attention';

/** Which layers have a window is written where it is not the usual pattern. */
function slidingEntries(config: JsonRecord, { sliding }: Architecture): Entries {
  const kinds = textsMember(config, 'layer_types');
  if (sliding === null) return [];
  const layers = numberMember(config, 'num_hidden_layers') ?? 0;
  const every =
    numberMember(config, 'sliding_window_pattern') ??
    numberMember(config, '_sliding_window_pattern') ??
    sliding.every;
  const stated = kinds?.map((each) => each === slides) ?? patternOf(layers, every);
  if (stated.length !== layers) throw refusal('config.json lists other layers (layer_types) than it has');
  const usual = patternOf(layers, sliding.every);
  if (stated.every((each, at) => each === usual[at])) return [];
  return [['attention.sliding_window_pattern', list('bool', stated)]];
}

function patternOf(layers: number, every: number): boolean[] {
  return Array.from({ length: layers }, (_, layer) => layer % every < every - 1);
}

/** What the tables of the architecture give for a `config.json`. */
export function numbersConfig(metadata: GgufMetadata, architecture: Architecture): Record<string, unknown> {
  const of = (key: string) => numberOf(metadata, `${architecture.name}.${key}`);
  const config: Record<string, unknown> = {};
  for (const { config: name, key, otherwise } of architecture.numbers) {
    const value = of(key) ?? otherwise ?? null;
    if (value !== null && !(value === 0 && otherwise === 0)) config[name] = value;
    else if (otherwise === 0) config[name] = null;
  }
  for (const [name, [usual]] of Object.entries(architecture.fixed))
    if (usual !== undefined && usual !== null) config[name] = usual;
  if (architecture.kind === 'encoder') return config;
  config.num_key_value_heads = of('attention.head_count_kv') ?? of('attention.head_count');
  const dimensions = of('attention.key_length');
  if (dimensions !== null) config.head_dim = dimensions;
  if (architecture.sliding !== null) {
    const found = metadata.get(`${architecture.name}.attention.sliding_window_pattern`);
    const layers = of('block_count') ?? 0;
    const pattern =
      found?.type === 'array' && found.values !== null
        ? found.values
        : patternOf(layers, architecture.sliding.every);
    config.layer_types = pattern.map((each) => (each === true ? slides : 'full_attention'));
  }
  return config;
}

/** The class that a `config.json` names first; empty when it names none. */
export function classNameOf(config: JsonRecord): string {
  return textsMember(config, 'architectures')?.[0] ?? '';
}
