import type { BulkValue } from '../../kernel/ports/bulk-insert.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { UsageRecord } from './usage-record.ts';
import { usageColumns, usageRow } from './usage-row.ts';

type UsageTables = { usage_records: Record<string, BulkValue> };

/**
 * Writes records in the caller's transaction: they exist if and only if that commits. For work whose end is a change
 * in the database itself; requests that are answered at once go through the meter.
 */
export async function writeUsageRecords(
  transaction: DatabaseTransaction,
  records: readonly UsageRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const rows = records.map((record) => {
    const values = usageRow(record);
    return Object.fromEntries(usageColumns.map((column, index) => [column, values[index] ?? null]));
  });
  await transaction
    .withTables<UsageTables>()
    .insertInto('usage_records')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
