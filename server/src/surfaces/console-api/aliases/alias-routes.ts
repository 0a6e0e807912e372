import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import type { AliasApi } from './alias-access.ts';
import { moveRoutes } from './alias-moves.ts';
import { readRoutes } from './alias-reads.ts';
import { removeRoute, setRoute } from './alias-writes.ts';

/** `/api/aliases`: names that stand for models, where their requests go, and how that changes. */
export function aliasRoutes(api: AliasApi): BoundRoute[] {
  return [...readRoutes(api), ...moveRoutes(api), setRoute(api), removeRoute(api)];
}
