import { createHash } from 'node:crypto';
import type { Idempotency } from '../../modules/idempotency/index.ts';
import type { RunOnce } from '../../platform/http/replay.ts';

/** Binds `Idempotency-Key` of the HTTP server to the module that keeps first answers. */
export function createRunOnce(idempotency: Idempotency): RunOnce {
  return async ({ principal, key, routeId, fingerprint }, call) => {
    const requestHash = createHash('sha256').update(fingerprint).digest();
    const { answer, replayed } = await idempotency.run({ scope: principal, key, routeId, requestHash }, call);
    return replayed ? { ...answer, headers: { 'idempotent-replayed': 'true' } } : answer;
  };
}
