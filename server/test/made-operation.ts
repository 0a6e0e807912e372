import { newId } from '../src/kernel/ids.ts';
import type { Database } from '../src/kernel/ports/database.ts';
import type { Scope } from '../src/kernel/principal.ts';
import { createOperations } from '../src/modules/operations/index.ts';

/** Makes an operation that waits, with nothing behind it, and returns its id. */
export async function makeOperation(database: Database, scope: Scope, createdBy = newId()): Promise<string> {
  const id = newId();
  const operation = {
    organizationId: scope.organizationId,
    projectId: scope.projectId,
    id,
    kind: 'completion' as const,
    description: 'a test',
    createdBy,
    createdAt: new Date(),
    expiresAt: new Date(Date.now() + 3_600_000),
    metadata: { model: 'chat-default' },
    idempotencyKey: null,
    fingerprint: Buffer.alloc(32),
  };
  await database.transaction().execute((transaction) => createOperations(transaction, [operation]));
  return id;
}
