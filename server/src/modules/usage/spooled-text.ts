import { setImmediate as nextTurn } from 'node:timers/promises';
import type { UsageRecord } from './usage-record.ts';
import { decodeUsage, encodeUsage, splitRows, type UsageRows } from './usage-rows.ts';

/** Records that are turned into text, or back, before others get their turn: requests run in the same thread. */
const recordsPerTurn = 50;
/** Records that are written at once: a write of what may be there already takes PostgreSQL 2 ms, and 16 µs a row. */
const recordsPerWrite = 200;

export interface SpoolReader {
  write(rows: UsageRows): Promise<void>;
  /** A process killed while it wrote leaves half a last line: that record is lost, and said. */
  unreadable(error: unknown): void;
}

/** Rows as the spool keeps them: a line of JSON for each record, by the names of its fields. */
export async function spooledText(rows: UsageRows): Promise<string> {
  let text = '';
  for (let left = rows; left.count > 0; ) {
    const [some, others] = splitRows(left, recordsPerTurn);
    for (const record of decodeUsage(some)) text += `${JSON.stringify(record)}\n`;
    left = others;
    await nextTurn();
  }
  return text;
}

/** Reads such a text and writes its records, in their order. Rejects when `write` does. */
export async function readSpooled(text: string, reader: SpoolReader): Promise<void> {
  let records: UsageRecord[] = [];
  let seen = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const next = end === -1 ? text.length : end;
    if (next > at) readLine(text.slice(at, next), records, reader);
    at = next + 1;
    seen += 1;
    if (records.length >= recordsPerWrite) {
      await reader.write(encodeUsage(records));
      records = [];
    } else if (seen % recordsPerTurn === 0) await nextTurn();
  }
  if (records.length > 0) await reader.write(encodeUsage(records));
}

function readLine(line: string, records: UsageRecord[], reader: SpoolReader): void {
  try {
    // As `spooledText` wrote it, perhaps of an earlier version: `usageRow` takes what that did not know as absent.
    records.push(JSON.parse(line) as UsageRecord);
  } catch (error) {
    reader.unreadable(error);
  }
}
