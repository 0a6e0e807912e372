import type { GgufArray, GgufElementType, GgufScalar, GgufValue } from './gguf-value.ts';

// Values of GGUF metadata in the types that llama.cpp expects of them.

export function text(value: string): GgufValue {
  return { type: 'string', value };
}

/** A count or an index: 32 bits, without a sign. */
export function number(value: number): GgufValue {
  return { type: 'uint32', value };
}

export function float32(value: number): GgufValue {
  return { type: 'float32', value };
}

export function truth(value: boolean): GgufValue {
  return { type: 'bool', value };
}

export function list(elementType: GgufElementType, values: readonly GgufScalar[]): GgufArray {
  return { type: 'array', elementType, count: values.length, values };
}
