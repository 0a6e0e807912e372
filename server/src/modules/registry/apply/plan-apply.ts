import { createHash } from 'node:crypto';
import type { Scope } from '../../../kernel/principal.ts';
import type { ApplyPlan, DeclaredSet, PlanItem } from './declared-set.ts';
import { refusedItem } from './item-failure.ts';
import { type DeploymentView, planAliases, planDeployments } from './plan-bindings.ts';
import { type ModelPlanning, planModels } from './plan-models.ts';

export interface PlanDependencies extends ModelPlanning {
  readonly deployments: DeploymentView;
}

/**
 * Compares what is declared with what is, and says what applying it would do. Changes nothing. What cannot be (a
 * document that is not valid, two manifests of one model, a model that has the name of an alias) is `refused` with its
 * reason; everything else can still be applied.
 */
export async function planApply(
  dependencies: PlanDependencies,
  scope: Scope,
  declared: DeclaredSet,
): Promise<ApplyPlan> {
  const models = await planModels(dependencies, scope, declared.models);
  const ready = new Set(models.filter(isReady).map(({ name }) => name));
  const names = new Set(models.map(({ name }) => name));
  const isLater = (model: string) => names.has(model) && !ready.has(model);
  const items = [
    ...declared.refused.map(({ path, fault }) => refusedItem('document', path, fault)),
    ...models,
    ...(await planAliases(dependencies.database, scope, declared.aliases, isLater)),
    ...(await planDeployments(dependencies.deployments, scope, declared.deployments, isLater)),
  ];
  return { items, digest: digestOf(items) };
}

function isReady({ action }: PlanItem): boolean {
  return action === 'unchanged' || action === 'make-current';
}

/** What failed once more since it was looked at is still the same plan. */
function digestOf(items: readonly PlanItem[]): string {
  const agreed = items.map(({ failure: _, ...item }) => item);
  return createHash('sha256').update(JSON.stringify(agreed)).digest('hex');
}
