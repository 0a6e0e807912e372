import { type GgufMetadata, type GgufValue, numberOf, textOf } from '../gguf/gguf-value.ts';
import { float32, number, text } from '../gguf/make-value.ts';
import { type JsonRecord, numberMember, recordMember, textMember } from '../json-value.ts';
import { refusal } from '../refuse-files.ts';
import type { Architecture, RopeForm, RopeKind } from './architectures/architecture.ts';
import { headDimensionsOf } from './config-numbers.ts';

type Entries = [string, GgufValue][];

/** Rotary positions as a `config.json` states them, in its older form or its newer one. */
interface Rope {
  readonly base: number;
  /** Of layers with a sliding window. */
  readonly localBase: number | null;
  readonly kind: RopeKind;
  readonly scaling: JsonRecord | null;
  /** How many numbers of a head are turned. */
  readonly dimensions: number;
  /** Length that it was trained for before positions were scaled; `null` when it does not say. */
  readonly originalContext: number | null;
}

/** Throws `model.refused` for a way of scaling that cannot be carried over. */
function readRope(config: JsonRecord, architecture: Architecture, form: RopeForm): Rope {
  const stated = recordMember(config, 'rope_parameters') ?? recordMember(config, 'rope_scaling');
  const scaling = recordMember(stated, 'full_attention') ?? stated;
  const local = recordMember(stated, 'sliding_attention');
  const named = (textMember(scaling, 'rope_type') ?? textMember(scaling, 'type') ?? 'default').toLowerCase();
  const kind = form.kinds.find((each) => each === (named === 'su' ? 'longrope' : named));
  if (kind === undefined)
    throw refusal(
      `its positions are scaled in the way ${named.slice(0, 40)}, which cannot be carried over (${form.kinds.join(', ')} can)`,
    );
  const of = (name: string) => numberMember(config, name) ?? numberMember(scaling, name);
  const share = of('partial_rotary_factor') ?? 1;
  return {
    base: of('rope_theta') ?? form.usualBase,
    localBase:
      numberMember(config, 'rope_local_base_freq') ?? numberMember(local, 'rope_theta') ?? form.localBase,
    kind,
    scaling,
    dimensions: Math.floor(share * headDimensionsOf(config, architecture)),
    originalContext:
      numberMember(scaling, 'original_max_position_embeddings') ??
      numberMember(config, 'original_max_position_embeddings'),
  };
}

/** Names of YaRN's further numbers, of the hub and below `rope.scaling`. */
const yarnNumbers = {
  extrapolation_factor: 'yarn_ext_factor',
  attention_factor: 'yarn_attn_factor',
  beta_fast: 'yarn_beta_fast',
  beta_slow: 'yarn_beta_slow',
} as const;

/** Metadata of rotary positions, keys without the architecture's name. Throws `model.refused`. */
export function ropeMetadata(config: JsonRecord, architecture: Architecture): Entries {
  const form = architecture.rope;
  if (form === null) return [];
  const rope = readRope(config, architecture, form);
  const entries: Entries = [['rope.freq_base', float32(rope.base)]];
  if (form.localBase !== null && rope.localBase !== null)
    entries.push(['rope.freq_base_swa', float32(rope.localBase)]);
  if (form.writesDimensions) entries.push(['rope.dimension_count', number(rope.dimensions)]);
  else if (rope.dimensions !== headDimensionsOf(config, architecture))
    throw refusal('only a part of each head has rotary positions, which cannot be carried over');
  if (rope.kind === 'linear' || rope.kind === 'yarn') {
    const factor = numberMember(rope.scaling, 'factor');
    if (factor === null)
      throw refusal('config.json does not say the factor by which its positions are scaled');
    entries.push(['rope.scaling.type', text(rope.kind)], ['rope.scaling.factor', float32(factor)]);
    for (const [name, key] of rope.kind === 'yarn' ? Object.entries(yarnNumbers) : []) {
      const value = numberMember(rope.scaling, name);
      if (value !== null) entries.push([`rope.scaling.${key}`, float32(value)]);
    }
  }
  const mayStretch = rope.kind !== 'default' || form.kinds.includes('longrope');
  const keepsOriginal = rope.kind !== 'llama3' && mayStretch;
  if (rope.originalContext !== null && keepsOriginal)
    entries.push(['rope.scaling.original_context_length', number(rope.originalContext)]);
  if (rope.kind === 'longrope')
    entries.push(['rope.scaling.attn_factor', float32(longRopeStrength(config, rope))]);
  return entries;
}

/** By how much attention grows with the stretched context (`attention_factor` of the long-rope paper). */
function longRopeStrength(config: JsonRecord, { scaling, originalContext }: Rope): number {
  const stated = numberMember(scaling, 'attention_factor');
  if (stated !== null) return stated;
  const original = originalContext ?? 0;
  const stretch = (numberMember(config, 'max_position_embeddings') ?? 0) / original;
  if (!(original > 1 && Number.isFinite(stretch)))
    throw refusal('config.json does not say original_max_position_embeddings');
  return stretch > 1 ? Math.sqrt(1 + Math.log(stretch) / Math.log(original)) : 1;
}

/** Tensors of factors of the rotary frequencies, by name; none where no way of scaling needs them. */
export function ropeTensors(
  config: JsonRecord,
  architecture: Architecture,
): Map<string, Float32Array<ArrayBuffer>> {
  const form = architecture.rope;
  if (form === null) return new Map();
  const rope = readRope(config, architecture, form);
  if (rope.kind === 'llama3') return new Map([['rope_freqs.weight', llama3Frequencies(rope)]]);
  if (rope.kind !== 'longrope') return new Map();
  const factors = (name: string) => {
    const values: unknown = rope.scaling?.[name];
    const isList = Array.isArray(values) && values.every((each) => typeof each === 'number');
    if (!isList || values.length !== rope.dimensions / 2)
      throw refusal(`config.json has no ${name} with ${rope.dimensions / 2} numbers for its positions`);
    return Float32Array.from(values);
  };
  return new Map([
    ['rope_factors_long.weight', factors('long_factor')],
    ['rope_factors_short.weight', factors('short_factor')],
  ]);
}

/**
 * Factors of the rotary frequencies of the Llama 3 way of scaling: long waves are stretched by the whole factor, short
 * ones not at all, those between by degrees.
 */
function llama3Frequencies({ scaling, dimensions, base, originalContext }: Rope): Float32Array<ArrayBuffer> {
  const of = (name: string, usual: number) => numberMember(scaling, name) ?? usual;
  const [factor, low, high] = [of('factor', 8), of('low_freq_factor', 1), of('high_freq_factor', 4)];
  const trained = originalContext ?? 8192;
  return Float32Array.from({ length: dimensions / 2 }, (_, index) => {
    const wave = 2 * Math.PI * base ** ((2 * index) / dimensions);
    if (wave < trained / high) return 1;
    if (wave > trained / low) return factor;
    const smooth = (trained / wave - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

/**
 * Rotary positions as a `config.json` has them, from the metadata and the tensors of factors. Throws `model.refused` for
 * factors that no configuration names.
 */
export function ropeConfig(
  metadata: GgufMetadata,
  architecture: Architecture,
  tensors: ReadonlyMap<string, ArrayLike<number>>,
  config: JsonRecord,
): Record<string, unknown> {
  const form = architecture.rope;
  if (form === null) return {};
  const of = (key: string) => numberOf(metadata, `${architecture.name}.rope.${key}`);
  const made: Record<string, unknown> = { rope_theta: of('freq_base') ?? form.usualBase };
  if (form.localBase !== null) made.rope_local_base_freq = of('freq_base_swa') ?? form.localBase;
  const original = of('scaling.original_context_length');
  const [headDimensions, dimensions] = [headDimensionsOf(config, architecture), of('dimension_count')];
  if (form.kinds.includes('longrope')) {
    if (dimensions !== null && dimensions !== headDimensions)
      made.partial_rotary_factor = dimensions / headDimensions;
    if (original !== null) made.original_max_position_embeddings = original;
  }
  const [long, short] = [tensors.get('rope_factors_long.weight'), tensors.get('rope_factors_short.weight')];
  if (long !== undefined && short !== undefined)
    made.rope_scaling = {
      rope_type: 'longrope',
      long_factor: Array.from(long),
      short_factor: Array.from(short),
      ...present('attention_factor', of('scaling.attn_factor')),
    };
  const kind = textOf(metadata, `${architecture.name}.rope.scaling.type`);
  if (kind === 'linear' || kind === 'yarn')
    made.rope_scaling = {
      rope_type: kind,
      factor: of('scaling.factor'),
      ...present('original_max_position_embeddings', original),
      ...Object.assign(
        {},
        ...Object.entries(yarnNumbers).map(([name, key]) => present(name, of(`scaling.${key}`))),
      ),
    };
  const frequencies = tensors.get('rope_freqs.weight');
  return frequencies === undefined ? made : withFrequencies(made, frequencies, architecture, config);
}

function present(name: string, value: number | null): Record<string, number> {
  return value === null ? {} : { [name]: value };
}

/** Lengths that models are trained for before their positions are scaled. */
const trainedContexts = [8192, 4096, 16_384, 2048, 32_768, 65_536, 131_072, 1024, 512, 256, 128, 64];

/** GGUF keeps the factors of the frequencies alone: the usual configuration is taken that gives the same ones. */
function withFrequencies(
  made: Record<string, unknown>,
  stored: ArrayLike<number>,
  architecture: Architecture,
  config: JsonRecord,
): Record<string, unknown> {
  const usual = { low_freq_factor: 1, high_freq_factor: 4 };
  const factor = Math.max(...Array.from(stored));
  for (const trained of trainedContexts) {
    const scaling = { rope_type: 'llama3', factor, ...usual, original_max_position_embeddings: trained };
    const whole = { ...made, rope_scaling: scaling };
    const expected = ropeTensors({ ...config, ...whole }, architecture).get('rope_freqs.weight') ?? [];
    const fits =
      expected.length === stored.length &&
      Array.from(expected).every((each, at) => Math.abs(each - (stored[at] ?? 0)) <= 1e-3);
    if (fits) return whole;
  }
  throw refusal('its positions are scaled in a way that safetensors configurations do not name');
}
