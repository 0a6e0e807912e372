import type { BulkValue } from './ports/bulk-insert.ts';

/**
 * One row as the text format of COPY has it (PostgreSQL, COPY, "Text Format"), its end included: fields between tabs,
 * what would be taken for a border escaped, so that every line feed ends a row.
 */
export function encodeBulkRow(row: readonly BulkValue[]): string {
  let line = '';
  for (let index = 0; index < row.length; index += 1) {
    const value = row[index];
    if (index > 0) line += '\t';
    if (typeof value === 'string') line += bulkText(value);
    else if (value === null || value === undefined) line += absent;
    else line += value;
  }
  return `${line}\n`;
}

/** A text as a field of such a row. */
export function bulkText(text: string): string {
  return special.test(text) ? escapeText(text) : text;
}

/** The fields of an encoded row without its end; numbers and booleans come back as their text. */
export function decodeBulkRow(line: string): (string | null)[] {
  return line.split('\t').map((field) => {
    if (field === absent) return null;
    return field.includes('\\')
      ? field.replace(/\\(.)/g, (_, code: string) => originals[code] ?? code)
      : field;
  });
}

/** A field without a value. */
export const absent = '\\N';
const special = /[\\\t\n\r]/;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const originals: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' };

function escapeText(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => escapes[character] ?? character);
}
