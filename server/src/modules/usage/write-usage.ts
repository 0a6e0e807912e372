import type { BulkInsert } from '../../kernel/ports/bulk-insert.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { UsageRecord } from './usage-record.ts';
import { usageColumns, usageRow, usageTable } from './usage-row.ts';

export interface UsageWriter {
  /**
   * Writes records, each once however often it is written. Rejects when PostgreSQL cannot be reached. A record that
   * the database refuses for what it holds is logged whole and left out, so that it cannot hold up the others.
   */
  write(records: readonly UsageRecord[], seenBefore: boolean): Promise<void>;
}

export function createUsageWriter(bulkInsert: BulkInsert, log: Log): UsageWriter {
  async function write(records: readonly UsageRecord[], skipExisting: boolean): Promise<void> {
    try {
      await bulkInsert.insert(usageTable, usageColumns, records.map(usageRow), { skipExisting });
    } catch (error) {
      const state = sqlState(error);
      if (state === uniqueViolation && !skipExisting) return await write(records, true);
      if (!isDataError(state)) throw error;
      const [only] = records;
      if (records.length === 1 && only) {
        log.error({ record: only, error: String(error) }, 'a usage record cannot be stored and is left out');
        return;
      }
      const middle = Math.ceil(records.length / 2);
      await write(records.slice(0, middle), skipExisting);
      await write(records.slice(middle), skipExisting);
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
