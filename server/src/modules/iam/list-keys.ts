import { SamovarError } from '../../kernel/errors.ts';
import { withoutPrefix, withPrefix } from '../../kernel/ids.ts';
import type { Page } from '../../kernel/paging.ts';
import type { Principal } from '../../kernel/principal.ts';
import type { ApiKey } from './api-key.ts';
import { authorize } from './authorize.ts';
import type { IamDependencies } from './iam-dependencies.ts';
import { selectKeys } from './key-store.ts';

/** The keys of the caller's project, newest first, revoked and expired ones included. */
export async function listKeys(
  iam: Pick<IamDependencies, 'database'>,
  principal: Principal,
  page: { readonly limit: number; readonly cursor: string | null },
): Promise<Page<ApiKey>> {
  authorize(principal, 'keys.read');
  const before = page.cursor === null ? null : withoutPrefix('key', page.cursor);
  if (page.cursor !== null && before === null)
    throw new SamovarError('request.invalid', {
      params: { parameter: 'cursor', reason: 'it is not a cursor of this listing' },
      field: 'cursor',
    });
  const found = await selectKeys(iam.database, principal, { limit: page.limit + 1, before });
  const items = found.slice(0, page.limit);
  const last = items.at(-1);
  return { items, nextCursor: found.length > page.limit && last ? withPrefix('key', last.keyId) : null };
}
