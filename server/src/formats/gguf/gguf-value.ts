/** Types of scalars in GGUF metadata, in the order of their numbers; 8 is a string, 9 an array. */
export const ggufScalarTypes = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;

export type GgufTypeName = (typeof ggufScalarTypes)[number];
export type GgufElementType = Exclude<GgufTypeName, 'array'>;
export type GgufScalar = number | bigint | boolean | string;

/** Bytes of a number; strings carry their own length. */
export const ggufScalarBytes: Readonly<Record<Exclude<GgufElementType, 'string'>, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  uint64: 8,
  int64: 8,
  float64: 8,
};

export interface GgufArray {
  readonly type: 'array';
  readonly elementType: GgufElementType;
  readonly count: number;
  /** `null`: longer than the reader was told to keep. */
  readonly values: readonly GgufScalar[] | null;
}

/** One value of the metadata, with the type that it is stored in. */
export type GgufValue = { readonly type: GgufElementType; readonly value: GgufScalar } | GgufArray;

export type GgufMetadata = ReadonlyMap<string, GgufValue>;

/** A text of the metadata; `null` when it is absent or something else. */
export function textOf(metadata: GgufMetadata, key: string): string | null {
  const found = metadata.get(key);
  return found !== undefined && found.type === 'string' && typeof found.value === 'string'
    ? found.value
    : null;
}

/** A number of the metadata, whatever its width; `null` when it is absent or something else. */
export function numberOf(metadata: GgufMetadata, key: string): number | null {
  const found = metadata.get(key);
  if (found === undefined || found.type === 'array') return null;
  return plainNumber(found.value);
}

/** Numbers of the metadata: an array, or one number that stands for all. `null` when absent, or not kept. */
export function numbersOf(metadata: GgufMetadata, key: string): readonly number[] | null {
  const found = metadata.get(key);
  if (found === undefined) return null;
  const values = found.type === 'array' ? found.values : [found.value];
  const numbers = values?.map((value) => (typeof value === 'boolean' ? Number(value) : plainNumber(value)));
  return numbers?.every((each) => each !== null) ? numbers : null;
}

/** Texts of the metadata; `null` when absent, something else, or not kept. */
export function textsOf(metadata: GgufMetadata, key: string): readonly string[] | null {
  const found = metadata.get(key);
  if (found === undefined || found.type !== 'array' || found.values === null) return null;
  return found.values.every((value) => typeof value === 'string') ? found.values : null;
}

function plainNumber(value: GgufScalar): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'bigint') return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : null;
}
