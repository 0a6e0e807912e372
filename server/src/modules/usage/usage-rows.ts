import { decodeBulkRow, encodeBulkRow } from '../../kernel/bulk-row.ts';
import { UsageLines } from './usage-line.ts';
import type { UsageRecord } from './usage-record.ts';
import { usageOfFields, usageRow } from './usage-row.ts';

/**
 * Records as the bytes that will be sent to PostgreSQL. Thousands of objects that wait for the next write are what a
 * collection of garbage takes longest over, while the data path stands still; bytes cost it nothing.
 */
export interface UsageRows {
  readonly bytes: Buffer;
  readonly count: number;
}

export const noRows: UsageRows = { bytes: Buffer.alloc(0), count: 0 };

export function encodeUsage(records: readonly UsageRecord[]): UsageRows {
  const lines = records.map((record) => encodeBulkRow(usageRow(record)));
  return { bytes: Buffer.from(lines.join('')), count: records.length };
}

export function decodeUsage({ bytes, count }: UsageRows): UsageRecord[] {
  if (count === 0) return [];
  const lines = bytes.toString('utf8', 0, bytes.length - 1).split('\n');
  return lines.map((line) => usageOfFields(decodeBulkRow(line)));
}

export function joinRows(first: UsageRows, second: UsageRows): UsageRows {
  if (first.count === 0) return second;
  if (second.count === 0) return first;
  return { bytes: Buffer.concat([first.bytes, second.bytes]), count: first.count + second.count };
}

/** The first rows, at most `count`, and the others. */
export function splitRows(rows: UsageRows, count: number): [UsageRows, UsageRows] {
  if (count >= rows.count) return [rows, noRows];
  let end = 0;
  for (let row = 0; row < count; row += 1) end = rows.bytes.indexOf(lineEnd, end) + 1;
  return [
    { bytes: rows.bytes.subarray(0, end), count },
    { bytes: rows.bytes.subarray(end), count: rows.count - count },
  ];
}

const lineEnd = 0x0a;
const firstCapacity = 64 * 1024;
const keptCapacity = 1024 * 1024;
const longestUnitBytes = 3;

/** Rows that are collected one by one. */
export class UsageRowBuffer {
  #bytes = Buffer.allocUnsafeSlow(firstCapacity);
  #used = 0;
  #count = 0;
  readonly #lines = new UsageLines();

  get count(): number {
    return this.#count;
  }

  add(record: UsageRecord): void {
    const line = this.#lines.write(record);
    this.#makeRoom(line.length * longestUnitBytes);
    this.#used += this.#bytes.write(line, this.#used);
    this.#count += 1;
  }

  /** Puts rows that were taken back, before the others. */
  putBack(rows: UsageRows): void {
    const all = joinRows(rows, this.take());
    this.#makeRoom(all.bytes.length);
    this.#used = all.bytes.copy(this.#bytes);
    this.#count = all.count;
  }

  /** Hands everything out and is empty. */
  take(): UsageRows {
    const rows = { bytes: Buffer.from(this.#bytes.subarray(0, this.#used)), count: this.#count };
    // What an outage made large is not kept for good.
    if (this.#bytes.length > keptCapacity) this.#bytes = Buffer.allocUnsafeSlow(firstCapacity);
    this.#used = 0;
    this.#count = 0;
    return rows;
  }

  #makeRoom(bytes: number): void {
    if (this.#used + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#used + bytes));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }
}
