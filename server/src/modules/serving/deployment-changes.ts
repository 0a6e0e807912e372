import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';

/** Channel on which a commit tells which deployments changed: ids between commas. A hint only. */
export const deploymentChannel = 'samovar_deployments';

/** PostgreSQL takes payloads below 8,000 bytes. */
const longestPayload = 7_900;

/** Tells whoever follows these deployments, when the transaction commits. */
export async function announceDeployments(
  transaction: DatabaseOrTransaction,
  ids: Iterable<string>,
): Promise<void> {
  const payload = [...new Set(ids)].join(',');
  if (payload === '') return;
  await sql`select pg_notify(${deploymentChannel}, ${payload.length > longestPayload ? '' : payload})`.execute(
    transaction,
  );
}

/** Whether a notification is about this deployment, or may be. */
export function concerns(payload: string, deploymentId: string): boolean {
  return payload === '' || payload.includes(deploymentId);
}
