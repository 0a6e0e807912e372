/** Bits of one element, by the names of the safetensors format. */
const bits: Readonly<Record<string, number>> = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

/** Bytes that so many elements of a type take; `null` for an unknown type, or where they are no whole bytes. */
export function safetensorsBytes(dtype: string, elements: number): number | null {
  const each = Object.hasOwn(bits, dtype) ? bits[dtype] : undefined;
  if (each === undefined) return null;
  const total = elements * each;
  return Number.isSafeInteger(total) && total % 8 === 0 ? total / 8 : null;
}
