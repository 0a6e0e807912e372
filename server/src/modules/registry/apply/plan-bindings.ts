import type { Database } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { type CurrentAlias, findAliases } from '../aliases/alias-store.ts';
import { portionsOf } from '../portions-of.ts';
import type { DeclaredDeployment, DeclaredSet, PlanChange, PlanItem } from './declared-set.ts';

/** Deployments belong to another module; whoever plans hands them in. */
export interface DeploymentView {
  /** What of each declaration differs from what is; `null` while its model is not deployed. */
  differences(
    scope: Scope,
    declared: readonly DeclaredDeployment[],
  ): Promise<readonly (readonly PlanChange[] | null)[]>;
}

const portion = 500;

/** What applying would do to aliases. `isLater` tells models that are not ready yet. */
export async function planAliases(
  database: Database,
  { projectId }: Scope,
  aliases: DeclaredSet['aliases'],
  isLater: (model: string) => boolean,
): Promise<PlanItem[]> {
  const items: PlanItem[] = [];
  for (const some of portionsOf(Object.entries(aliases), portion)) {
    const found = await findAliases(
      database,
      some.map(([name]) => ({ projectId, name })),
    );
    for (const [name, model] of some)
      items.push(planAlias(name, model, found.get(`${projectId}/${name}`) ?? null, isLater(model)));
  }
  return items;
}

function planAlias(name: string, model: string, found: CurrentAlias | null, later: boolean): PlanItem {
  const item = { kind: 'alias', name, drift: false, missing: [], terms: null, failure: null } as const;
  const targets = found?.state.targets.map((target) => target.model) ?? [];
  if (targets.length === 1 && targets[0] === model) return { ...item, action: 'unchanged', changes: [] };
  const changes = [{ field: 'targets', from: found === null ? null : targets.join(', '), to: model }];
  if (later) return { ...item, action: 'later', changes };
  return { ...item, action: found === null ? 'create' : 'change', drift: found !== null, changes };
}

/** What applying would do to deployments. */
export async function planDeployments(
  view: DeploymentView,
  scope: Scope,
  declared: readonly DeclaredDeployment[],
  isLater: (model: string) => boolean,
): Promise<PlanItem[]> {
  if (declared.length === 0) return [];
  const differences = await view.differences(scope, declared);
  return declared.map(({ model: name }, index) => {
    const item = { kind: 'deployment', name, drift: false, missing: [], terms: null, failure: null } as const;
    const changes = differences[index] ?? null;
    if (isLater(name) || changes === null) return { ...item, action: 'later', changes: changes ?? [] };
    return { ...item, action: changes.length === 0 ? 'unchanged' : 'change', changes };
  });
}
