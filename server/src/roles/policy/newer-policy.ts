import type { ErrorCode } from '@samovar/contract/errors';
import { SamovarError } from '../../kernel/errors.ts';
import type { NewerPolicy } from '../../kernel/ports/newer-policy.ts';
import type { PolicyHolder } from './policy-snapshot.ts';

/** What a snapshot says of a model, or a key, that was made, fetched or changed a moment ago. */
const mayBeBehind: ReadonlySet<ErrorCode> = new Set([
  'access.key_invalid',
  'model.archived',
  'model.fetch_failed',
  'model.not_fetched',
  'model.not_found',
  'model.not_ready',
  'model.version_gone',
]);

/** `catchUp`: see `ConfigWatch`. */
export function createNewerPolicy(
  policy: Pick<PolicyHolder, 'state' | 'current'>,
  catchUp: () => Promise<void>,
): NewerPolicy {
  return (refusal) => {
    if (!(refusal instanceof SamovarError) || !mayBeBehind.has(refusal.code) || policy.state !== 'good')
      return null;
    const before = policy.current();
    return catchUp().then(() => policy.state === 'good' && policy.current() !== before);
  };
}
