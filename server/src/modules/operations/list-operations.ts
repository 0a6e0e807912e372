import { SamovarError } from '../../kernel/errors.ts';
import { withoutPrefix, withPrefix } from '../../kernel/ids.ts';
import type { Page } from '../../kernel/paging.ts';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { OperationSummary } from './operation.ts';
import { type OperationFilter, selectOperations } from './operation-store.ts';

/** The operations of this project, newest first, without their responses. Throws `request.invalid` for a cursor that is none of this listing. */
export async function listOperations(
  database: DatabaseOrTransaction,
  scope: Scope,
  filter: OperationFilter,
  page: { readonly limit: number; readonly cursor: string | null },
): Promise<Page<OperationSummary>> {
  const before = page.cursor === null ? null : withoutPrefix('op', page.cursor);
  if (page.cursor !== null && before === null)
    throw new SamovarError('request.invalid', {
      params: { parameter: 'cursor', reason: 'it is not a cursor of this listing' },
      field: 'cursor',
    });
  const found = await selectOperations(database, scope, filter, { limit: page.limit + 1, before });
  const items = found.slice(0, page.limit);
  const last = items.at(-1);
  return { items, nextCursor: found.length > page.limit && last ? withPrefix('op', last.id) : null };
}
