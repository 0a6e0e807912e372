import type { BulkInsert } from '../../kernel/ports/bulk-insert.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { usageColumns, usageTable } from './usage-row.ts';
import { decodeUsage, splitRows, type UsageRows } from './usage-rows.ts';

export interface UsageWriter {
  /**
   * Writes records, each once however often it is written. Rejects when PostgreSQL cannot be reached. A record that
   * the database refuses for what it holds is logged whole and left out, so that it cannot hold up the others.
   */
  write(rows: UsageRows, seenBefore: boolean): Promise<void>;
}

export function createUsageWriter(bulkInsert: BulkInsert, log: Log): UsageWriter {
  async function write(rows: UsageRows, skipExisting: boolean): Promise<void> {
    try {
      await bulkInsert.insert(usageTable, usageColumns, rows.bytes, { skipExisting });
    } catch (error) {
      const state = sqlState(error);
      if (state === uniqueViolation && !skipExisting) return await write(rows, true);
      if (!isDataError(state)) throw error;
      if (rows.count === 1) {
        const [record] = decodeUsage(rows);
        log.error({ record, error: String(error) }, 'a usage record cannot be stored and is left out');
        return;
      }
      const [first, second] = splitRows(rows, Math.ceil(rows.count / 2));
      await write(first, skipExisting);
      await write(second, skipExisting);
    }
  }
  return { write };
}

const uniqueViolation = '23505';

/** Class 22: the value does not fit; class 23: it breaks a constraint. */
function isDataError(state: string): boolean {
  return /^2[23]/.test(state);
}

function sqlState(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
