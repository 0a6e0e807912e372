import { createHash } from 'node:crypto';
import type { Idempotency } from '../../modules/idempotency/index.ts';
import type { RunOnce } from '../../platform/http/replay.ts';

/**
 * Binds `Idempotency-Key` of the HTTP server to the module that keeps first answers. A first answer can hold a secret
 * (a new key's), so it is given again only to the key that asked first: for others the request is another one.
 */
export function createRunOnce(idempotency: Idempotency): RunOnce {
  return async ({ principal, key, routeId, fingerprint }, call) => {
    const requestHash = createHash('sha256').update(`${principal.keyId}\n${fingerprint}`).digest();
    const { answer, replayed } = await idempotency.run({ scope: principal, key, routeId, requestHash }, call);
    return replayed ? { ...answer, headers: { 'idempotent-replayed': 'true' } } : answer;
  };
}
