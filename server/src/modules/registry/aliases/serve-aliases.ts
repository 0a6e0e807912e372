import type { ArchivedModel, PendingModel, ServedModel } from '../served-model.ts';
import type { StoredAlias, StoredTarget } from './alias-rows.ts';
import { isFallbackKind } from './fallback-kind.ts';
import type { Deprecation, ServedAlias, ServedFallback, ServedTarget } from './served-alias.ts';

/** What ids of versions, and of models (for the version that their names mean), stand for. */
export interface KnownVersions {
  readonly ready: ReadonlyMap<string, ServedModel>;
  readonly pending: ReadonlyMap<string, PendingModel>;
  /** By ids of models alone. */
  readonly archived: ReadonlyMap<string, ArchivedModel>;
}

/** What an alias means now: models that answer, or what is in the way of the first. */
export type AliasMeaning =
  | { readonly kind: 'served'; readonly alias: ServedAlias }
  | { readonly kind: 'pending'; readonly pending: PendingModel }
  | { readonly kind: 'archived'; readonly archived: ArchivedModel }
  | { readonly kind: 'nothing' };

/** The names under which the data path finds an alias. */
export function aliasKeys({
  organization_id,
  project_id,
  name,
}: Pick<StoredAlias, 'organization_id' | 'project_id' | 'name'>): readonly [own: string, shared: string] {
  return [`${project_id}/${name}`, `${organization_id}/${name}`];
}

export function meaningOf(stored: StoredAlias, known: KnownVersions): AliasMeaning {
  const rows = rowsOf(stored);
  const modelOf = (row: StoredTarget): ServedModel | undefined =>
    known.archived.has(row.model_id) ? undefined : known.ready.get(row.version_id ?? row.model_id);
  const targets: ServedTarget[] = [];
  const fallbacks: ServedFallback[] = [];
  for (const row of rows) {
    const model = modelOf(row);
    if (!model) continue;
    if (row.role === 'fallback') fallbacks.push({ model, on: new Set(row.errors.filter(isFallbackKind)) });
    else if (row.weight > 0) targets.push({ model, weight: row.weight });
  }
  if (targets.length === 0) {
    // Nothing that it points at is there: what serves that comes at once.
    const instead = fallbacks.findIndex(({ on }) => on.has('unavailable'));
    const [fallback] = instead === -1 ? [] : fallbacks.splice(instead, 1);
    if (fallback) targets.push({ model: fallback.model, weight: 1 });
  }
  const [first] = targets;
  if (!first) return absenceOf(rows, known);
  return {
    kind: 'served',
    alias: {
      name: stored.name,
      scope: stored.scope,
      primary: first.model,
      targets,
      totalWeight: targets.reduce((sum, { weight }) => sum + weight, 0),
      fallbacks,
      deprecation: deprecationOf(stored),
    },
  };
}

function rowsOf(stored: StoredAlias): readonly StoredTarget[] {
  const { targets, model_id, version_id } = stored;
  if (targets !== null && targets.length > 0) return targets;
  return [{ role: 'target', model_id, version_id, weight: 1, errors: [] }];
}

/** Why none of them answers, by the first. */
function absenceOf(rows: readonly StoredTarget[], known: KnownVersions): AliasMeaning {
  const [first] = rows;
  if (!first) return { kind: 'nothing' };
  const archived = known.archived.get(first.model_id);
  if (archived) return { kind: 'archived', archived };
  const pending = known.pending.get(first.version_id ?? first.model_id);
  return pending ? { kind: 'pending', pending } : { kind: 'nothing' };
}

export function deprecationOf(row: {
  readonly deprecated_at: Date | null;
  readonly sunset_at: Date | null;
  readonly successor: string | null;
}): Deprecation | null {
  if (row.deprecated_at === null) return null;
  return { deprecatedAt: row.deprecated_at, sunsetAt: row.sunset_at, successor: row.successor };
}
