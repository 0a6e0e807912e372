import { newId } from '../../kernel/ids.ts';
import { createOperations, type NewOperation, type Operation } from '../operations/index.ts';
import { insertRequests } from './queue-store.ts';
import type { AsyncRequest } from './queued-request.ts';
import type { SubmitDependencies } from './submit-dependencies.ts';

/** What became of one request: see `createOperations`. */
export type Acceptance =
  | { readonly kind: 'created' | 'repeated'; readonly operation: Operation }
  | { readonly kind: 'mismatch' | 'forgotten' };

export interface CheckedRequest {
  readonly request: AsyncRequest;
  /** Its body as JSON. */
  readonly bodyText: string;
  /** The version that answers it. */
  readonly versionId: string;
}

/** Makes operations and their places in the queue, all in one transaction. One outcome for each, in their order. */
export async function acceptRequests(
  deps: Pick<SubmitDependencies, 'database' | 'clock' | 'settings'>,
  requests: readonly CheckedRequest[],
): Promise<Acceptance[]> {
  const now = deps.clock.now();
  const wanted = requests.map(({ request }) => newOperation(request, now, deps.settings.operationHours));
  return await deps.database.transaction().execute(async (transaction) => {
    const outcomes = await createOperations(transaction, wanted);
    const accepted = requests.flatMap((checked, index) => {
      const outcome = outcomes[index];
      return outcome?.kind === 'created'
        ? [{ ...checked, id: outcome.operation.id, createdAt: outcome.operation.createdAt }]
        : [];
    });
    if (accepted.length > 0) await insertRequests(transaction, accepted);
    return outcomes;
  });
}

function newOperation(request: AsyncRequest, now: number, operationHours: number): NewOperation {
  const latest = now + operationHours * 3_600_000;
  return {
    id: newId(),
    organizationId: request.principal.organizationId,
    projectId: request.principal.projectId,
    kind: 'completion',
    description: request.description,
    createdBy: request.principal.keyId,
    createdAt: new Date(now),
    expiresAt: new Date(Math.min(request.deadline ?? latest, latest)),
    metadata: { model: request.model },
    idempotencyKey: request.idempotencyKey,
    fingerprint: request.fingerprint,
  };
}
