import { engineCapabilities } from '@samovar/contract/engine-capabilities';
import { SamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import { type AuditContext, recordAudit } from '../audit/index.ts';
import { getServedVersion, type ServedModel } from '../registry/index.ts';
import {
  type Deployment,
  type DeploymentOptions,
  type Engine,
  enginesFor,
  type Residency,
  workerOptions,
} from './deployment.ts';
import {
  addDemand,
  type DeploymentSettings,
  insertMissingDeployments,
  lockDeployment,
  updateDeployment,
} from './deployment-store.ts';
import { appendEvents } from './event-store.ts';
import { lineageFits } from './find-base.ts';
import type { ServingDependencies } from './serving-dependencies.ts';

/** What an operator sets; what is absent stays, `null` takes a choice back. */
export interface DeploymentChange {
  readonly residency?: Residency;
  readonly pinned?: boolean;
  /** From -100 to 100. */
  readonly priority?: number;
  /** 0: never for being idle. */
  readonly idleSeconds?: number | null;
  readonly engine?: string | null;
  readonly options?: { readonly [Name in OptionName]?: DeploymentOptions[Name] | null };
  /** Of an adapter: the version that it shall run on. */
  readonly base?: string | null;
  /** Sets a base whose lineage is another one all the same; the audit record says so. */
  readonly force?: boolean;
}

type KnownModel = Pick<ServedModel, 'name' | 'manifest'>;

export interface ChangedDeployment {
  readonly deploymentId: string;
  /** Its version, where the caller has read it. */
  readonly model?: KnownModel;
  /** How the audit record calls it; `deployment.set` when absent. */
  readonly action?: string;
}

type OptionName = 'contextTokens' | 'parallelSequences' | 'threads' | 'kvCache';

/**
 * Sets what an operator chose for a deployment. A loaded model whose options change is loaded again when its running
 * answers have ended. Throws `deployment.not_found`, `request.invalid`, `engine.unsupported_parameter` for an option
 * that its engine does not honour, `deployment.base_mismatch`.
 */
export async function changeDeployment(
  serving: ServingDependencies,
  context: AuditContext,
  target: ChangedDeployment,
  change: DeploymentChange,
): Promise<void> {
  const { deploymentId } = target;
  await serving.database.transaction().execute(async (transaction) => {
    const deployment = await lockDeployment(transaction, { deploymentId }, context.scope);
    if (deployment === null || deployment.removed) throw notFound(deploymentId);
    const model = target.model ?? (await versionOf(transaction, context, deployment));
    await applyChange(transaction, context, { deployment, model, action: target.action }, change);
    await serving.configVersion.bump(transaction, 'replicas');
  });
}

/**
 * Deploys a version: makes its deployment, or makes it again after it was removed. Returns its id. Throws
 * `deployment.exists`, `model.not_found`, and what `changeDeployment` throws.
 */
export async function createDeployment(
  serving: ServingDependencies,
  context: AuditContext,
  version: { readonly versionId: string; readonly name: string },
  change: DeploymentChange,
): Promise<string> {
  return await serving.database.transaction().execute(async (transaction) => {
    const { versionId, name } = version;
    const added = await insertMissingDeployments(transaction, [
      { id: newId(), ...context.scope, versionId, modelName: name },
    ]);
    const deployment = await lockDeployment(transaction, { versionId }, context.scope);
    if (deployment === null) throw new SamovarError('model.not_found', { params: { model: name } });
    if (added.length === 0 && !deployment.removed)
      throw new SamovarError('deployment.exists', { params: { model: name } });
    await updateDeployment(transaction, deployment.id, {
      removed: false,
      desired: 'on-demand',
      pinned: false,
      priority: 0,
      idleSeconds: null,
      options: {},
    });
    const fresh = await lockDeployment(transaction, { versionId }, context.scope);
    if (fresh !== null) {
      const model = await versionOf(transaction, context, fresh);
      await applyChange(transaction, context, { deployment: fresh, model }, change);
    }
    await serving.configVersion.bump(transaction, 'replicas');
    return deployment.id;
  });
}

/**
 * Takes a version off the machines: it is unloaded when its running answers have ended, and nothing loads it until it
 * is deployed again. Throws `deployment.not_found`.
 */
export async function removeDeployment(
  serving: ServingDependencies,
  context: AuditContext,
  deploymentId: string,
): Promise<void> {
  await serving.database.transaction().execute(async (transaction) => {
    const deployment = await lockDeployment(transaction, { deploymentId }, context.scope);
    if (deployment === null || deployment.removed) throw notFound(deploymentId);
    await updateDeployment(transaction, deploymentId, { removed: true });
    await appendEvents(transaction, [
      {
        deploymentId,
        kind: 'change',
        reason: 'the deployment was removed',
        detail: { actor: context.actor },
      },
    ]);
    await recordAudit(transaction, {
      ...context,
      action: 'deployment.remove',
      target: { kind: 'deployment', id: deploymentId },
      detail: { versionId: deployment.versionId },
    });
    await serving.configVersion.bump(transaction, 'replicas');
  });
}

export function notFound(deploymentId: string): SamovarError {
  return new SamovarError('deployment.not_found', { params: { deployment: deploymentId.slice(0, 64) } });
}

async function versionOf(
  transaction: DatabaseTransaction,
  { scope }: AuditContext,
  { versionId, modelName }: Deployment,
): Promise<KnownModel> {
  const model = await getServedVersion(transaction, scope, versionId);
  if (model === null) throw new SamovarError('model.not_found', { params: { model: modelName } });
  return model;
}

async function applyChange(
  transaction: DatabaseTransaction,
  context: AuditContext,
  {
    deployment,
    model,
    action = 'deployment.set',
  }: { readonly deployment: Deployment; readonly model: KnownModel; readonly action?: string | undefined },
  change: DeploymentChange,
): Promise<void> {
  const { versionId } = deployment;
  const before = deployment.options;
  const chosen = withEngine(model, withOptions(before, change), change);
  checkOptions(model, chosen);
  const { options, forced } = await withBase(transaction, context, model, { options: chosen, change });
  const settings: Partial<DeploymentSettings> = {
    ...(change.residency !== undefined && { desired: change.residency }),
    ...(change.pinned !== undefined && { pinned: change.pinned }),
    ...(change.priority !== undefined && { priority: change.priority }),
    ...(change.idleSeconds !== undefined && { idleSeconds: change.idleSeconds }),
    ...(JSON.stringify(options) !== JSON.stringify(before) && { options }),
  };
  await updateDeployment(transaction, deployment.id, settings);
  // A version that is to stay in memory is asked for, also by an installation whose host is away just now.
  if (change.residency === 'always' || change.pinned === true) await addDemand(transaction, versionId);
  const detail = { ...settings, ...(forced && { forced }) };
  await appendEvents(transaction, [
    {
      deploymentId: deployment.id,
      kind: 'change',
      reason: `set: ${Object.keys(detail).length === 0 ? 'nothing' : describe(detail)}`,
      detail: { actor: context.actor },
    },
  ]);
  await recordAudit(transaction, {
    ...context,
    action,
    target: { kind: 'deployment', id: deployment.id },
    detail: { versionId, ...detail },
  });
}

function describe(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ');
}

function withOptions(before: DeploymentOptions, { options = {} }: DeploymentChange): DeploymentOptions {
  const merged = { ...before, ...options };
  return Object.fromEntries(
    Object.entries(merged)
      .filter(([, value]) => value !== null)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function withEngine(
  { manifest }: KnownModel,
  options: DeploymentOptions,
  { engine }: DeploymentChange,
): DeploymentOptions {
  if (engine === undefined) return options;
  const { engine: _before, ...others } = options;
  const chosen = engine === null ? manifest.engine : chosenEngine(manifest.engine, engine);
  return chosen === manifest.engine ? others : { ...others, engine: chosen };
}

/** One of the engines that can run a model made for `own`. Throws `request.invalid`. */
export function chosenEngine(own: Engine, asked: string): Engine {
  const possible = enginesFor(own);
  const chosen = possible.find((engine) => engine === asked);
  if (chosen === undefined) throw invalid('engine', `this model runs on ${possible.join(' or ')}`);
  return chosen;
}

function checkOptions({ manifest }: KnownModel, options: DeploymentOptions): void {
  const engine = options.engine ?? manifest.engine;
  const honoured =
    manifest.adapter === undefined ? engineCapabilities[engine].options : (['parallelSequences'] as const);
  for (const name of workerOptions)
    if (options[name] !== undefined && !honoured.some((known) => known === name))
      throw new SamovarError('engine.unsupported_parameter', { params: { parameter: name }, field: name });
  const { contextTokens } = options;
  if (contextTokens !== undefined && contextTokens > manifest.contextTokens)
    throw invalid('contextTokens', `this model takes at most ${manifest.contextTokens} tokens`);
}

async function withBase(
  transaction: DatabaseTransaction,
  context: AuditContext,
  model: KnownModel,
  { options, change }: { readonly options: DeploymentOptions; readonly change: DeploymentChange },
): Promise<{ readonly options: DeploymentOptions; readonly forced: boolean }> {
  if (change.base === undefined) return { options, forced: false };
  const { base: _before, ...others } = options;
  if (change.base === null) return { options: others, forced: false };
  const { adapter } = model.manifest;
  if (adapter === undefined) throw invalid('base', 'only a LoRA adapter runs on another model');
  const base = await getServedVersion(transaction, context.scope, change.base);
  if (base === null)
    throw new SamovarError('model.not_found', { params: { model: change.base }, field: 'base' });
  const { engine } = base.manifest;
  if (base.manifest.adapter !== undefined || !engineCapabilities[engine].adapters)
    throw invalid('base', `${base.name} on the engine ${engine} carries no adapters`);
  const fits = lineageFits(adapter.base, base.manifest);
  if (!fits && change.force !== true)
    throw new SamovarError('deployment.base_mismatch', {
      params: { adapter: model.name, base: base.name, lineage: adapter.base.source ?? 'unknown' },
    });
  return { options: { ...others, base: base.versionId }, forced: !fits };
}

function invalid(parameter: string, reason: string): SamovarError {
  return new SamovarError('request.invalid', { params: { parameter, reason }, field: parameter });
}
