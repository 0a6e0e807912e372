import { classEscapes } from './character-classes.ts';
import { type CodePoints, complement } from './code-points.ts';
import type { PatternReader } from './pattern-reader.ts';

const controlEscapes: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

/** The characters that an escape stands for; the reader is behind its backslash. */
export function parseEscape(reader: PatternReader): CodePoints {
  const hex = reader.match(/x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}/);
  if (hex) return single(codeUnit(reader, Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? '', 16)), reader);
  const property = reader.match(/([pP])\{([^}]*)\}/);
  if (property) return propertySet(reader, property[2] ?? '', property[1] === 'P');
  const control = reader.match(/c([A-Za-z])/);
  if (control) return single((control[1] ?? '').charCodeAt(0) % 32, reader);
  if (reader.match(/0(?![0-9])/)) return single(0, reader);
  if (reader.match(/[1-9]|k</)) throw reader.fail('back references describe no regular language');

  const letter = reader.take();
  const set = classEscapes[letter];
  if (set) return set;
  const point = controlEscapes[letter];
  if (point !== undefined) return single(point, reader);
  if (/^[A-Za-z0-9]?$/.test(letter)) throw reader.fail(`the escape \\${letter} is not supported`);
  return single(letter.codePointAt(0) ?? 0, reader);
}

/** Joins the two halves of a surrogate pair that is written as two escapes. */
function codeUnit(reader: PatternReader, unit: number): number {
  if (unit < 0xd800 || unit > 0xdbff) return unit;
  const low = reader.match(/\\u([dD][c-fC-F][0-9a-fA-F]{2})/);
  if (!low) throw reader.fail('half of a surrogate pair is no character');
  return 0x10000 + (unit - 0xd800) * 0x400 + (Number.parseInt(low[1] ?? '', 16) - 0xdc00);
}

function single(point: number, reader: PatternReader): CodePoints {
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw reader.fail('no such character');
  return [[point, point]];
}

function propertySet(reader: PatternReader, property: string, negated: boolean): CodePoints {
  const set = reader.property(property);
  if (!set) throw reader.fail(`there is no Unicode property ${property}`);
  return negated ? complement(set) : set;
}
