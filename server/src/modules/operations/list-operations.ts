import { withPrefix } from '../../kernel/ids.ts';
import { idOfCursor, type Page, type PageRequest, pageOf } from '../../kernel/paging.ts';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { OperationSummary } from './operation.ts';
import { type OperationFilter, selectOperations } from './operation-store.ts';

/** The operations of this project, newest first, without their responses. Throws `request.invalid` for a cursor that is none of this listing. */
export async function listOperations(
  database: DatabaseOrTransaction,
  scope: Scope,
  filter: OperationFilter,
  page: PageRequest,
): Promise<Page<OperationSummary>> {
  const before = idOfCursor('op', page);
  const found = await selectOperations(database, scope, filter, { limit: page.limit + 1, before });
  return pageOf(found, page, ({ id }) => withPrefix('op', id));
}
