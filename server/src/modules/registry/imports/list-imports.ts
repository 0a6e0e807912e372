import { withPrefix } from '../../../kernel/ids.ts';
import { idOfCursor, type Page, type PageRequest, pageOf } from '../../../kernel/paging.ts';
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
  page: PageRequest,
): Promise<Page<ImportRequest>> {
  const before = idOfCursor('imp', page);
  let query = importsInScope(database, scope)
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.model !== undefined) query = query.where('model_name', '=', filter.model);
  if (before !== null) query = query.where('id', '<', before);
  return pageOf((await query.execute()).map(importOf), page, ({ id }) => withPrefix('imp', id));
}
