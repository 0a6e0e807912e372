/** What `JSON.parse` gives for an object; its own members only, never those of a prototype. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member that is a text; `null` otherwise. */
export function textMember(record: JsonRecord | null, name: string): string | null {
  const value = member(record, name);
  return typeof value === 'string' ? value : null;
}

/** A member that is a finite number; `null` otherwise. */
export function numberMember(record: JsonRecord | null, name: string): number | null {
  const value = member(record, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** A member that is an object; `null` otherwise. */
export function recordMember(record: JsonRecord | null, name: string): JsonRecord | null {
  const value = member(record, name);
  return isRecord(value) ? value : null;
}

/** The texts of a member that is a list of texts alone; `null` otherwise. */
export function textsMember(record: JsonRecord | null, name: string): readonly string[] | null {
  const value = member(record, name);
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : null;
}

function member(record: JsonRecord | null, name: string): unknown {
  return record !== null && Object.hasOwn(record, name) ? record[name] : undefined;
}
