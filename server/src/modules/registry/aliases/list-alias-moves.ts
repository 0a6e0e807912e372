import { invalidCursor, type Page, type PageRequest, pageOf } from '../../../kernel/paging.ts';
import type { DatabaseOrTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { normalName } from './alias-name.ts';
import type { AliasAction, AliasState } from './alias-state.ts';
import type { AliasTables } from './alias-tables.ts';

export interface AliasMove {
  readonly id: string;
  readonly action: AliasAction;
  readonly before: AliasState | null;
  readonly after: AliasState | null;
  readonly reason: string | null;
  readonly canaryId: string | null;
  readonly actor: { readonly kind: string; readonly id: string };
  readonly requestId: string | null;
  readonly at: Date;
}

/** Every move of a project's own alias of this name, also of one that is gone; newest first. */
export async function listAliasMoves(
  database: DatabaseOrTransaction,
  scope: Scope,
  name: string,
  page: PageRequest,
): Promise<Page<AliasMove>> {
  if (page.cursor !== null && !/^\d{1,18}$/.test(page.cursor)) throw invalidCursor();
  const found = await database
    .withTables<AliasTables>()
    .selectFrom('alias_moves')
    .selectAll()
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('alias', '=', normalName(name))
    .$if(page.cursor !== null, (query) => query.where('seq', '<', page.cursor ?? '0'))
    .orderBy('seq', 'desc')
    .limit(page.limit + 1)
    .execute();
  const { items, nextCursor } = pageOf(found, page, ({ seq }) => seq);
  return {
    items: items.map((row) => ({
      id: row.id,
      action: row.action,
      before: row.before,
      after: row.after,
      reason: row.reason,
      canaryId: row.canary_id,
      actor: { kind: row.actor_kind, id: row.actor_id },
      requestId: row.request_id,
      at: row.created_at,
    })),
    nextCursor,
  };
}
