import { sql } from 'kysely';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';

/** Channel on which a commit tells which operations changed: ids between commas, or nothing for "any". A hint only. */
export const operationChannel = 'samovar_operations';

/** PostgreSQL takes payloads below 8,000 bytes. */
const longestPayload = 7_900;

/** Tells whoever waits, when the transaction commits. */
export async function announceChanges(
  transaction: DatabaseTransaction,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  const payload = ids.join(',');
  await sql`select pg_notify(${operationChannel}, ${payload.length > longestPayload ? '' : payload})`.execute(
    transaction,
  );
}

/** The ids of a notification; `null` when it may be any. */
export function changedIds(payload: string): readonly string[] | null {
  return payload === '' ? null : payload.split(',');
}
