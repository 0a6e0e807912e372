import { createHash } from 'node:crypto';
import type { ManifestFile } from '@samovar/contract/worker-protocol';
import { SamovarError } from '../../../kernel/errors.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { findAlias } from '../aliases/alias-store.ts';
import { refuseAliasName } from '../aliases/refuse-alias-name.ts';
import { manifestDigest } from '../manifest-digest.ts';
import { findHeldObjects } from '../objects/held-objects.ts';
import { findCompleteUpload } from '../uploads/upload-store.ts';
import { listVersions, type ModelVersion } from '../versions/list-versions.ts';
import type {
  ApplyPlan,
  DeclaredDeployment,
  DeclaredModel,
  DeclaredSet,
  PlanChange,
  PlanItem,
} from './declared-set.ts';
import { changesBetween } from './manifest-changes.ts';

/** Deployments belong to another module; whoever plans hands them in. */
export interface DeploymentView {
  /** What of a declaration differs from what is; `null` while the model is not deployed. */
  differences(scope: Scope, declared: DeclaredDeployment): Promise<readonly PlanChange[] | null>;
}

export interface PlanDependencies {
  readonly database: Database;
  readonly deployments: DeploymentView;
  objectStore(): Promise<ObjectStore>;
}

/**
 * Compares what is declared with what is, and says what applying it would do. Changes nothing. Throws
 * `model.manifest_invalid` where two declare the same model, `request.invalid` where an alias has a new model's name.
 */
export async function planApply(
  dependencies: PlanDependencies,
  scope: Scope,
  declared: DeclaredSet,
): Promise<ApplyPlan> {
  refuseTwins(declared);
  const items: PlanItem[] = [];
  for (const model of declared.models) items.push(await planModel(dependencies, scope, model));
  const ready = new Set(items.filter(isReady).map(({ name }) => name));
  const declaredNames = new Set(items.map(({ name }) => name));
  for (const [alias, model] of Object.entries(declared.aliases)) {
    const later = declaredNames.has(model) && !ready.has(model);
    items.push(await planAlias(dependencies, scope, { alias, model, later }));
  }
  for (const deployment of declared.deployments) {
    const later = declaredNames.has(deployment.model) && !ready.has(deployment.model);
    items.push(await planDeployment(dependencies, scope, deployment, later));
  }
  return { items, digest: createHash('sha256').update(JSON.stringify(items)).digest('hex') };
}

function isReady({ action }: PlanItem): boolean {
  return action === 'unchanged' || action === 'make-current';
}

function refuseTwins({ models }: DeclaredSet): void {
  const names = new Set<string>();
  for (const { manifest } of models) {
    if (names.has(manifest.name))
      throw new SamovarError('model.manifest_invalid', {
        params: { name: manifest.name, reason: 'two manifests declare this model' },
      });
    names.add(manifest.name);
  }
}

async function planModel(
  dependencies: PlanDependencies,
  scope: Scope,
  declared: DeclaredModel,
): Promise<PlanItem> {
  const { manifest } = declared;
  const versions = await listVersions(dependencies.database, scope, manifest.name);
  const [current] = versions;
  if (current === undefined) await refuseAliasName(dependencies.database, scope, manifest.name);
  const digest = manifestDigest(manifest);
  const same = versions.find((version) => version.digest === digest);
  const changes = current === undefined ? [] : changesBetween(current.manifest, manifest);
  const item = { kind: 'model', name: manifest.name, drift: false, changes, missing: [] } as const;
  const lost = await filesNotHere(dependencies, scope, declared);
  const missing = await unobtainable(dependencies, scope, declared, lost);
  if (same === undefined)
    return { ...item, action: current === undefined ? 'create' : 'new-version', missing };
  if (same.state !== 'ready') return { ...item, action: 'fetch', missing };
  if (lost.length > 0) return { ...item, action: 'fetch', drift: true, changes: lostChanges(lost), missing };
  if (isCurrent(same, current)) return { ...item, action: 'unchanged', changes: [] };
  return { ...item, action: 'make-current', drift: true };
}

function isCurrent(version: ModelVersion, current: ModelVersion | undefined): boolean {
  return version.versionId === current?.versionId && version.archivedAt === null;
}

function lostChanges(lost: readonly ManifestFile[]): PlanChange[] {
  return lost.map(({ name, sha256 }) => ({ field: `files.${name}`, from: 'lost', to: sha256 }));
}

/** What the project does not have: that another one has a file is nobody's business. */
async function filesNotHere(
  { database, objectStore }: PlanDependencies,
  scope: Scope,
  { manifest }: DeclaredModel,
): Promise<readonly ManifestFile[]> {
  if (manifest.files.length === 0) return [];
  const digests = manifest.files.map(({ sha256 }) => sha256);
  const held = await findHeldObjects({ database, objectStore: await objectStore() }, scope, digests);
  return manifest.files.filter(({ sha256, sizeBytes }) => held.get(sha256)?.sizeBytes !== sizeBytes);
}

/** Of files that are not here, those that no source has and nobody has uploaded. */
async function unobtainable(
  { database }: PlanDependencies,
  scope: Scope,
  { manifest, folder }: DeclaredModel,
  lost: readonly ManifestFile[],
): Promise<PlanItem['missing']> {
  if (folder !== null || manifest.sources.length > 0) return [];
  const missing: ManifestFile[] = [];
  for (const file of lost) if ((await findCompleteUpload(database, scope, file)) === null) missing.push(file);
  return missing.map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes, sha256 }));
}

async function planAlias(
  { database }: PlanDependencies,
  scope: Scope,
  { alias, model, later }: { readonly alias: string; readonly model: string; readonly later: boolean },
): Promise<PlanItem> {
  const found = await findAlias(database, scope, alias);
  const item = { kind: 'alias', name: alias, drift: false, missing: [] } as const;
  const targets = found?.state.targets.map((target) => target.model) ?? [];
  if (targets.length === 1 && targets[0] === model) return { ...item, action: 'unchanged', changes: [] };
  const changes = [{ field: 'targets', from: found === null ? null : targets.join(', '), to: model }];
  if (later) return { ...item, action: 'later', changes };
  return { ...item, action: found === null ? 'create' : 'change', drift: found !== null, changes };
}

async function planDeployment(
  { deployments }: PlanDependencies,
  scope: Scope,
  declared: DeclaredDeployment,
  later: boolean,
): Promise<PlanItem> {
  const item = { kind: 'deployment', name: declared.model, drift: false, missing: [] } as const;
  const changes = await deployments.differences(scope, declared);
  if (later || changes === null) return { ...item, action: 'later', changes: changes ?? [] };
  return { ...item, action: changes.length === 0 ? 'unchanged' : 'change', changes };
}
