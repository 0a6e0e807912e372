import { withPrefix } from '../../kernel/ids.ts';
import { idOfCursor, type Page, type PageRequest, pageOf } from '../../kernel/paging.ts';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import { selectChecks } from './check-store.ts';
import type { CheckKind, CheckState, ModelCheck } from './model-check.ts';

export interface CheckFilter {
  readonly versionId: string;
  readonly kind: CheckKind;
  readonly state?: CheckState | undefined;
}

/** The checks of a version, newest first. Throws `request.invalid` for a cursor that is none of this listing. */
export async function listChecks(
  database: DatabaseOrTransaction,
  scope: Scope,
  { versionId, kind, state }: CheckFilter,
  page: PageRequest,
): Promise<Page<ModelCheck>> {
  const before = idOfCursor('chk', page);
  const found = await selectChecks(database, scope, {
    versionIds: [versionId],
    kind,
    state,
    before,
    limit: page.limit + 1,
  });
  return pageOf(found, page, ({ id }) => withPrefix('chk', id));
}
