import type { GgufMetadata, GgufValue } from '../../gguf/gguf-value.ts';
import type { JsonRecord } from '../../json-value.ts';

/**
 * How a tensor changes on its way to GGUF, and back:
 * `query-heads`, `key-heads`: the rows of each head, halves on the hub, come by turns (rotary positions in pairs);
 * `one-less`: a norm's weights are kept less one on the hub;
 * `behind-padding`: the rows up to the padding token's number are left out.
 */
export type TensorWay = 'query-heads' | 'key-heads' | 'one-less' | 'behind-padding';

export interface TensorRule {
  /** In safetensors, without `.weight` or `.bias`; `{layer}` and `{expert}` stand for numbers. */
  readonly hub: string;
  /** In GGUF, where the experts of a layer are one tensor. */
  readonly gguf: string;
  readonly way: TensorWay | null;
}

/** A number that `config.json` and the metadata both have. */
export interface ConfigNumber {
  readonly config: string;
  /** Another name of it that some configurations have. */
  readonly alias?: string;
  /** Below the name of the architecture. */
  readonly key: string;
  readonly type: 'count' | 'float';
  /** What holds where `config.json` is silent; `null`: nothing is written; `undefined`: it is refused. */
  readonly otherwise?: number | null | undefined;
}

/** Ways of scaling rotary positions; `default` is none. */
export type RopeKind = 'default' | 'linear' | 'yarn' | 'llama3' | 'longrope';

export interface RopeForm {
  /** Of `rope_theta`, where `config.json` is silent. */
  readonly usualBase: number;
  /** Whether the metadata has `rope.dimension_count`. */
  readonly writesDimensions: boolean;
  /** What can be carried over. */
  readonly kinds: readonly RopeKind[];
  /** Of layers with a sliding window, where they differ; `null` where they do not. */
  readonly localBase: number | null;
}

export type FixedValue = string | number | boolean | null | undefined;

/** Layers with a sliding window: all but every n-th, unless the metadata lists them. */
export interface SlidingLayers {
  readonly every: number;
}

/**
 * How the models of one architecture are named and stored on the hub and in GGUF: a table, from which both directions of
 * a conversion are made. Source of names and keys: `gguf-py/gguf/tensor_mapping.py`, `constants.py` and `conversion/*.py`
 * of llama.cpp; of what its engine takes for granted: `src/models/*.cpp`.
 */
export interface Architecture {
  /** `general.architecture`. */
  readonly name: string;
  /** As people call it. */
  readonly title: string;
  /** Classes of the hub; the first is written out. */
  readonly classes: readonly string[];
  readonly modelType: string;
  readonly kind: 'decoder' | 'encoder';
  readonly tensors: readonly TensorRule[];
  /** Beginnings of names that some checkpoints have, and what the rules have in their place. */
  readonly renames: readonly (readonly [from: RegExp, to: string])[];
  /** Tensors that are not carried over. */
  readonly dropped: RegExp | null;
  readonly numbers: readonly ConfigNumber[];
  /**
   * What the engine takes for granted, by names of `config.json`: a model with another value is refused; the first is
   * written out. `undefined`: it may be absent.
   */
  readonly fixed: Readonly<Record<string, readonly FixedValue[]>>;
  readonly rope: RopeForm | null;
  readonly sliding: SlidingLayers | null;
  /** Whether the engine takes the word embeddings where there is no output matrix of its own. */
  readonly mayBeTied: boolean;
  /**
   * Set where published models of it name Python files (`auto_map`) that the hub's libraries have had themselves since:
   * nothing of them is needed, and nothing is run.
   */
  readonly namesKnownCode?: true;
  /** What holds where `config.json` is silent; unless told, the width of a model is divided among its heads. */
  readonly usualHeadDimensions?: number;
  /** What holds where `config.json` is silent; unless told, as many as there are heads. */
  readonly usualKvHeads?: number;
  /** Why a model cannot be carried over, beyond the tables. */
  readonly obstacle?: (config: JsonRecord) => string | null;
  /** Metadata beyond the tables: keys below the name of the architecture. */
  readonly metadata?: (config: JsonRecord) => readonly (readonly [key: string, value: GgufValue])[];
  /** What `metadata` and `fixed` say in a `config.json`, beyond the tables. */
  readonly config?: (metadata: GgufMetadata) => Readonly<Record<string, unknown>>;
  /** Whether a file of `general.architecture` is of this one, where several share it. */
  readonly isOf?: (metadata: GgufMetadata) => boolean;
}
