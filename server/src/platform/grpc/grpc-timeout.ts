const unitsMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000001,
};

/** Milliseconds of a `grpc-timeout` header (at most eight digits and a unit), `null` when it is not one. */
export function parseGrpcTimeout(text: string): number | null {
  const unitMs = unitsMs[text.at(-1) ?? ''];
  const digits = text.slice(0, -1);
  if (unitMs === undefined || !/^\d{1,8}$/.test(digits)) return null;
  return Number(digits) * unitMs;
}
