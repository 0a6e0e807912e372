import { withPrefix } from '../../kernel/ids.ts';
import { idOfCursor, type Page, type PageRequest, pageOf } from '../../kernel/paging.ts';
import type { Principal } from '../../kernel/principal.ts';
import type { ApiKey } from './api-key.ts';
import { authorize } from './authorize.ts';
import type { IamDependencies } from './iam-dependencies.ts';
import { type KeyFilter, selectKeys } from './key-store.ts';

/** The keys of the caller's project, newest first, revoked and expired ones included. */
export async function listKeys(
  iam: Pick<IamDependencies, 'database'>,
  principal: Principal,
  filter: KeyFilter,
  page: PageRequest,
): Promise<Page<ApiKey>> {
  authorize(principal, 'keys.read');
  const before = idOfCursor('key', page);
  const found = await selectKeys(iam.database, principal, filter, { limit: page.limit + 1, before });
  return pageOf(found, page, ({ keyId }) => withPrefix('key', keyId));
}
