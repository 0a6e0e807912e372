import { isRecord, type JsonRecord } from '../json-value.ts';
import { architectures } from './architectures/all-architectures.ts';

/** Members that the hub's libraries take as floats alone: they refuse 30 and want 30.0. */
const floats: ReadonlySet<string> = new Set([
  ...architectures.flatMap(({ numbers }) =>
    numbers.filter(({ type }) => type === 'float').map(({ config }) => config),
  ),
  'rope_theta',
  'rope_local_base_freq',
  'partial_rotary_factor',
  'factor',
  'low_freq_factor',
  'high_freq_factor',
  'long_factor',
  'short_factor',
  'attention_factor',
  'extrapolation_factor',
  'beta_fast',
  'beta_slow',
]);

const mark = '\u0001';

/** The text of a `config.json`, in which floats that are whole numbers have a point. */
export function configJson(config: JsonRecord): string {
  const marked = JSON.stringify(withMarks(config), null, 2);
  return `${marked.replaceAll(/"\\u0001(-?\d+)"/g, '$1.0')}\n`;
}

function withMarks(record: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, markedValue(name, value)]));
}

function markedValue(name: string, value: unknown): unknown {
  if (isRecord(value)) return withMarks(value);
  if (!floats.has(name)) return value;
  if (Array.isArray(value)) return value.map((each: unknown) => markedValue(name, each));
  return Number.isSafeInteger(value) ? `${mark}${value}` : value;
}
