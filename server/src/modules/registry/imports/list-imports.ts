import { SamovarError } from '../../../kernel/errors.ts';
import { withoutPrefix, withPrefix } from '../../../kernel/ids.ts';
import type { Page } from '../../../kernel/paging.ts';
import type { DatabaseOrTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { ImportRequest } from './import-request.ts';
import { importOf, importsInScope } from './import-request-store.ts';
import type { ImportState } from './import-state.ts';

export interface ImportFilter {
  readonly state?: ImportState;
  /** The name of the model. */
  readonly model?: string;
}

/** The imports of a project, newest first. Throws `request.invalid` for a cursor that is none of this listing. */
export async function listImports(
  database: DatabaseOrTransaction,
  scope: Scope,
  filter: ImportFilter,
  page: { readonly limit: number; readonly cursor: string | null },
): Promise<Page<ImportRequest>> {
  let query = importsInScope(database, scope)
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.model !== undefined) query = query.where('model_name', '=', filter.model);
  if (page.cursor !== null) {
    const before = withoutPrefix('imp', page.cursor);
    if (before === null)
      throw new SamovarError('request.invalid', {
        params: { parameter: 'cursor', reason: 'it is not a cursor of this listing' },
        field: 'cursor',
      });
    query = query.where('id', '<', before);
  }
  const found = (await query.execute()).map(importOf);
  const items = found.slice(0, page.limit);
  const last = items.at(-1);
  return { items, nextCursor: found.length > page.limit && last ? withPrefix('imp', last.id) : null };
}
